#!/usr/bin/env bash
# Installs what is missing, builds the site and the server (dev profile) and starts it with the given arguments.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh build
scripts/build-site.sh dev staff
cargo build --no-default-features --features ssr
exec "${CARGO_TARGET_DIR:-target}/debug/sekisho" "$@"
