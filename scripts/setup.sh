#!/usr/bin/env bash
# Installs what is missing to build (`build`) and to test (`test`); quick when nothing is.
# Usage: scripts/setup.sh build|test…
#
# Tools stay inside the project (.tools/, node_modules/). Outside it changes two things at most: the Rust
# toolchain gets the wasm32 target, and Debian's chromium is installed when root runs this without a browser.
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

browser() {
    [ -z "${CHROMIUM_PATH:-}" ] && [ ! -x /usr/bin/chromium ] || return 0
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        say "installing Debian's chromium"
        export DEBIAN_FRONTEND=noninteractive
        apt-cache show chromium >/dev/null 2>&1 || quietly apt-get update
        apt-get install -y --no-install-recommends chromium >/dev/null 2>&1 || {
            quietly apt-get update # the package lists were too old
            quietly apt-get install -y --no-install-recommends chromium
        }
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

stage_test() {
    need npm "install Node.js 20 or newer"
    npm_packages end2end
    browser
}

[ $# -gt 0 ] || die "usage: scripts/setup.sh build|test…"
for stage in "$@"; do
    case $stage in
    build | test) "stage_$stage" ;;
    *) die "no stage named $stage" ;;
    esac
done
