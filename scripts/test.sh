#!/usr/bin/env bash
# Every check, stopping at the first that fails: format, lints, cfg gates, the Rust tests (the integration tests on
# SQLite and again on PostgreSQL), the browser tests.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

scripts/setup.sh build test
services=$PWD/scripts/test-services.sh
trap '"$services" stop $$; kill $(jobs -p) 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

# Beside the lints, in a folder of its own: neither has work for two cores all the time.
mkdir -p target
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/browser scripts/build-site.sh dev >target/site.log 2>&1 &
site=$!
scripts/lint.sh

step "site"
wait "$site" || { cat target/site.log && exit 1; }
tail -n 1 target/site.log

step "databases for the tests"
addresses=$("$services" start $$)
eval "$addresses"

step "cargo test"
# Builds target/debug/sekisho too: the browser tests start that binary.
cargo test --no-default-features --features ssr

step "integration tests on PostgreSQL"
SEKISHO_TEST_DATABASE=postgres cargo test --no-default-features --features ssr --test integration

if compgen -G 'end2end/tests/*.spec.ts' >/dev/null; then
    step "browser tests"
    cd end2end
    node_modules/.bin/tsc
    node_modules/.bin/playwright test
fi
