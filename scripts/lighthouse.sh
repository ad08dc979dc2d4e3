#!/usr/bin/env bash
# Builds the release binary and prints what Lighthouse says of it. Usage: scripts/lighthouse.sh [runs]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh lighthouse
scripts/build.sh
node scripts/lighthouse.mjs "${CARGO_TARGET_DIR:-target}/release/sekisho" "${1:-3}"
