#!/usr/bin/env bash
# Every check, stopping at the first that fails: format, lints, cfg gates, the Rust tests (the integration tests on
# SQLite and again on PostgreSQL), the browser tests.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

scripts/setup.sh build test
scripts/lint.sh

step "site"
scripts/build-site.sh dev

step "databases for the tests"
services=$PWD/scripts/test-services.sh
trap '"$services" stop $$' EXIT
trap 'exit 130' INT TERM
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
