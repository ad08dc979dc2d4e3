#!/usr/bin/env bash
# Measures the release binary and prints a table; every number goes to target/bench.json. Usage: scripts/bench.sh
# [--scale 0.01] [--only SCENARIO]… The machine should have nothing else to do meanwhile. cleanup-sqlite and
# cleanup-postgres (a million expired sessions go while people work, four to six minutes each) run only when named.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh bench
scripts/build.sh
# The program that measures too: the micro-benchmarks bring it along, built with what the server is built with.
cargo bench --package sekisho-bench --bench micro --no-run

# The bench starts databases when it needs them, in the name of this shell, and stops them unless it is interrupted.
services=$PWD/scripts/test-services.sh
trap '"$services" stop $$; rm -rf target/bench.$$' EXIT
trap 'exit 130' INT TERM
release=${CARGO_TARGET_DIR:-target}/release
"$release/sekisho-bench" --binary "$release/sekisho" "$@"
