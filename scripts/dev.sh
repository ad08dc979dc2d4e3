#!/usr/bin/env bash
# Rebuilds and restarts the server on change: with cargo-leptos where it is installed (live reload), else
# by looking at the sources' times once a second. Arguments go to the server.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh build
if cargo leptos --version >/dev/null 2>&1; then
    PATH="$PWD/.tools/bin:$PWD/scripts/tools/node_modules/.bin:$PATH" exec cargo leptos watch -- "$@"
fi

watched=()
for path in Cargo.toml Cargo.lock build.rs src style public locales migrations; do
    [ ! -e "$path" ] || watched+=("$path")
done
stamp=$(mktemp)
server=
stop() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null || true # it may have ended by itself
    wait "$server" || true
    server=
}
trap 'stop; rm -f "$stamp"' EXIT
trap 'exit 130' INT TERM

while true; do
    touch "$stamp"
    if scripts/build-site.sh dev staff && cargo build --no-default-features --features ssr; then
        stop
        "${CARGO_TARGET_DIR:-target}/debug/sekisho" "$@" &
        server=$!
    fi
    until [ -n "$(find "${watched[@]}" -newer "$stamp" -print -quit)" ]; do sleep 1; done
    echo "dev: sources changed, building again"
done
