#!/usr/bin/env bash
# Builds the release binary target/release/sekisho, the site inside it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh build
scripts/build-site.sh wasm-release
cargo build --release --no-default-features --features ssr
binary=${CARGO_TARGET_DIR:-target}/release/sekisho
echo "built $binary ($(du -h "$binary" | cut -f1))"
