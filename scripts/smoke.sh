#!/usr/bin/env bash
# Builds the release binary and clicks through it: its site is optimised in other ways than the one that the tests see.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
scripts/build.sh
SEKISHO_BINARY=$(realpath "${CARGO_TARGET_DIR:-target}/release/sekisho")
export SEKISHO_BINARY
cd end2end
node_modules/.bin/playwright test clean-pages sign-in-again silent-refresh
