# Builds Sekisho from a clone and leaves one binary in a small image. Data (the SQLite file and its secret) lies in /data.
#
#   docker build -t sekisho . && docker run -p 3000:3000 -v sekisho:/data sekisho
FROM rust:1-trixie AS build
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make build

FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /data --create-home sekisho
COPY --from=build /src/target/release/sekisho /usr/local/bin/sekisho
USER sekisho
WORKDIR /data
VOLUME /data
ENV SEKISHO_SERVER__ADDR=0.0.0.0:3000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["sekisho", "health"]
ENTRYPOINT ["sekisho"]
CMD ["serve"]
