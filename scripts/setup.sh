#!/usr/bin/env bash
# Installs what is missing to build (`build`), to test (`test`), of that the databases alone (`databases`), and to
# measure (`bench`, `lighthouse`); quick when nothing is. Usage: scripts/setup.sh build|test|databases|bench|lighthouse…
#
# Tools stay inside the project (.tools/, node_modules/). Outside it changes two things at most: the Rust
# toolchain gets the wasm32 target, and root gets Debian's chromium, PostgreSQL, Redis, nginx, Caddy and PgBouncer (to measure: wrk and sqlite3) where they are missing;
# of those none is left running, nor started with the machine.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

die() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || die "$1 is missing: $2"
}

# Runs a command silently, with its output shown if it fails.
quietly() {
    local log
    log=$(mktemp)
    "$@" >"$log" 2>&1 || { cat "$log" >&2 && rm "$log" && die "failed: $*"; }
    rm "$log"
}

# The command-line tool must be of the very version that the library has in Cargo.lock.
wasm_bindgen_cli() {
    local version
    version=$(awk '$3 == "\"wasm-bindgen\"" { getline; gsub(/"/, "", $3); print $3; exit }' Cargo.lock)
    [ -n "$version" ] || die "Cargo.lock names no wasm-bindgen"
    [ "$(.tools/bin/wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $version" ] || return 0
    say "building wasm-bindgen-cli $version into .tools (two to four minutes, once)"
    # How fast the tool runs matters less here than how fast it is there.
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        quietly cargo install wasm-bindgen-cli --version "=$version" --bin wasm-bindgen --root .tools
}

# npm ci in a folder, unless what is there came from the very same lock file.
npm_packages() {
    local folder=$1 stamp=$1/node_modules/.installed-from
    cmp -s "$folder/package-lock.json" "$stamp" && return 0
    say "installing the npm packages of $folder"
    quietly env PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix "$folder"
    cp "$folder/package-lock.json" "$stamp"
}

debian_package() {
    say "installing Debian's $1"
    export DEBIAN_FRONTEND=noninteractive
    local install=(apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$1")
    apt-cache show "$1" >/dev/null 2>&1 || quietly apt-get update
    "${install[@]}" >/dev/null 2>&1 || {
        quietly apt-get update # the package lists were too old
        quietly "${install[@]}"
    }
}

# The same for a service, which must not run: tests start their own.
debian_service() {
    local package=$1 policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        # shellcheck disable=SC2064 # the path as it is now
        trap "rm -f $policy" EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
    fi
    debian_package "$package"
    [ ! -d /run/systemd/system ] || quietly systemctl disable "$package"
}

# What scripts/test-services.sh starts; without root, PostgreSQL comes from npm and Redis must be there.
stage_databases() {
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        if [ -z "${SEKISHO_TEST_POSTGRES:-}" ] && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
            mkdir -p /etc/postgresql-common
            [ -e /etc/postgresql-common/createcluster.conf ] ||
                echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
            debian_service postgresql
        fi
        [ -n "${SEKISHO_TEST_REDIS:-}" ] || command -v redis-server >/dev/null || debian_service redis-server
    elif [ -z "${SEKISHO_TEST_POSTGRES:-}" ] && ! command -v initdb >/dev/null &&
        ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
        npm_packages scripts/postgres
    fi
}

browser() {
    [ -z "${CHROMIUM_PATH:-}" ] && [ ! -x /usr/bin/chromium ] || return 0
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        debian_package chromium
    elif ! compgen -G "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}/chromium*" >/dev/null; then
        say "letting playwright fetch its chromium"
        (cd end2end && quietly npx playwright install chromium) ||
            die "no browser: set CHROMIUM_PATH to a Chromium or Chrome, or install /usr/bin/chromium"
    fi
}

stage_build() {
    need cargo "install a Rust toolchain (rustup)"
    need npm "install Node.js 20 or newer"
    scripts/install-wasm-target.sh
    wasm_bindgen_cli
    npm_packages scripts/tools
}

# What src/tests/proxies.rs runs Sekisho behind; where one is missing, its tests say that they are not run.
proxies() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 0
    command -v nginx >/dev/null || debian_service nginx
    command -v caddy >/dev/null || debian_service caddy
    command -v pgbouncer >/dev/null || debian_service pgbouncer
}

stage_test() {
    need npm "install Node.js 20 or newer"
    npm_packages end2end
    browser
    stage_databases
    proxies
}

# The load, and what shows how fast the databases are by themselves.
stage_bench() {
    local program
    stage_databases
    for program in wrk sqlite3; do
        if ! command -v "$program" >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
            debian_package "$program"
        fi
        need "$program" "install it"
    done
}

# A browser's own judgement of the pages.
stage_lighthouse() {
    need npm "install Node.js 20 or newer"
    need openssl "install it"
    npm_packages end2end
    npm_packages scripts/lighthouse
    browser
}

[ $# -gt 0 ] || die "usage: scripts/setup.sh build|test|databases|bench|lighthouse…"
for stage in "$@"; do
    case $stage in
    build | test | databases | bench | lighthouse) "stage_$stage" ;;
    *) die "no stage named $stage" ;;
    esac
done
