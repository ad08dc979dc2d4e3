#!/usr/bin/env bash
# Gives the active Rust toolchain the wasm32-unknown-unknown standard library.
#
# Tries, in order: it is there already; rustup; building it from Debian's rust-src package of exactly the
# compiler's version. The last way is for machines that reach package registries and nothing else. It
# takes mirror and signing key from the machine's own apt sources and changes none of them.
set -euo pipefail

target=wasm32-unknown-unknown
suite=trixie-backports
sysroot=$(rustc --print sysroot)
libdir=$sysroot/lib/rustlib/$target/lib
version=$(rustc -vV | sed -n 's/^release: //p')
# Written only by the Debian way: rustup does not know that library, so a toolchain update leaves it behind.
stamp=$libdir/built-for-rustc

die() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

present() {
    compgen -G "$libdir/libstd-*.rlib" >/dev/null || return 1
    [ ! -e "$stamp" ] || [ "$(cat "$stamp")" = "$(rustc -vV)" ]
}

# apt-get with a source list and folders of its own, so that nothing of the machine's changes; needs no root.
own_apt() {
    local command=$1
    shift
    "$command" -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State="$work/state" -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Debug::NoLocking=1 "$@"
}

# One line "URI key-file" for Debian's main archive, as this machine is set up to reach it.
debian_mirror() {
    local uri entry key
    # shellcheck disable=SC2016 # apt expands these
    read -r uri entry < <(apt-get indextargets --format '$(REPO_URI) $(SOURCESENTRY)' \
        'Created-By: Packages' 'Label: Debian' 'Component: main')
    key=$(sed -nE 's/^Signed-By: *([^ ]+)$/\1/p; s/.*\[.*signed-by=([^] ]*).*/\1/p' "${entry%:*}")
    echo "$uri ${key%%$'\n'*}"
}

# Unpacks the package below $work and prints its `library` folder.
fetch_rust_src() {
    local uri key package
    read -r uri key < <(debian_mirror)
    mkdir -p "$work/state" "$work/lists/partial" "$work/cache/archives/partial"
    echo "deb ${key:+[signed-by=$key] }$uri $suite main" >"$work/sources.list"
    own_apt apt-get update >&2
    package=$(own_apt apt-cache madison rust-src | awk -v v="$version" 'index($3, v "+") == 1 { print $3; exit }')
    [ -n "$package" ]
    cd "$work"
    own_apt apt-get download "rust-src=$package" >&2
    dpkg-deb --fsys-tarfile rust-src_*.deb | tar -x --wildcards './usr/src/rustc-*/library'
    echo "$work"/usr/src/rustc-*/library
}

# Runs in a subshell with errexit: the first command that fails ends it. No locals: the trap needs them later.
build_from_source() {
    sources=$sysroot/lib/rustlib/src/rust/library
    placed=
    work=$(mktemp -d)
    trap 'rm -rf "$work" ${placed:+"$placed"}' EXIT
    if [ ! -e "$sources/std/Cargo.toml" ]; then
        library=$(fetch_rust_src)
        # Taken away at the end: `rustup component add rust-src` stumbles over files it did not put there.
        placed=$sources
        mkdir -p "$sources"
        cp -R "$library/." "$sources"
    fi
    mkdir -p "$work/empty/src" "$work/lib"
    printf '[package]\nname = "empty"\nedition = "2024"\n[workspace]\n' >"$work/empty/Cargo.toml"
    echo '#![no_std]' >"$work/empty/src/lib.rs"
    cd "$work/empty"
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$work/target \
        cargo build --release --target "$target" -Z build-std=std,panic_abort
    cp "$work/target/$target/release/deps/"*.rlib "$work/lib"
    rm "$work"/lib/libempty-*.rlib
    rustc -vV >"$work/lib/${stamp##*/}"
    rm -rf "$libdir"
    mkdir -p "${libdir%/lib}"
    mv "$work/lib" "$libdir"
}

present && exit 0

if command -v rustup >/dev/null; then
    echo "setup: adding the Rust target $target with rustup"
    rustup target add "$target" >/dev/null 2>&1 && present && exit 0
fi
if command -v apt-get >/dev/null; then
    echo "setup: rustup could not; building $target's standard library from Debian's rust-src $version (a minute)"
    log=$(mktemp)
    set +e
    (set -e; build_from_source) >"$log" 2>&1
    set -e
    present && rm "$log" && exit 0
    cat "$log" >&2
fi
die "the Rust target $target is missing and could not be added." \
    "Run: rustup target add $target   (for rustc $version), then try again."
