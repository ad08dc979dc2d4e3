#!/usr/bin/env bash
# Builds what the browser gets, in target/site: the style, the programs (src/domain/program.rs) as .js and .wasm, the files of
# public/, and .br and .gz of each. Usage: scripts/build-site.sh dev|wasm-release [program…]
#
# Without the smaller programs, as with `staff` alone, everybody is given the one that has all.
#
# The server embeds that folder, so a file is written only when its content changes.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${1:?usage: scripts/build-site.sh dev|wasm-release [program…]}
programs=("${@:2}")
[ ${#programs[@]} -gt 0 ] || programs=(guest person staff)
case $profile in
# A browser compiles what comes, each time: half as much where it is optimised.
dev) optimise=(-O1) quality=fast settings=(--config profile.dev.opt-level=1) ;;
# -Oz saves a tenth of the file and costs a tenth of what is sent: it leaves little alike for brotli to find; so does inlining of more
# than the smallest. By their names, what was made of one generic function stands together.
wasm-release) optimise=(-O1 --dae-optimizing --inlining-optimizing --one-caller-inline-max-function-size=10 --duplicate-function-elimination --reorder-functions-by-name --strip-debug --strip-producers) quality=best settings=() ;;
*) echo "build-site: no profile named $profile" >&2 && exit 2 ;;
esac

# What rustc itself switches on for wasm32; wasm-opt refuses code that uses more than it is told of.
features=(--enable-bulk-memory --enable-bulk-memory-opt --enable-nontrapping-float-to-int --enable-sign-ext
    --enable-mutable-globals --enable-reference-types --enable-multivalue)
# The oldest browsers with :has(), @layer, nesting and oklch; light-dark() is lowered for them.
browsers='chrome >= 111, edge >= 111, firefox >= 121, safari >= 16.4, ios_saf >= 16.4'

site=target/site
cache=target/site-cache/$profile
compiled=${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/${profile/#dev/debug}/deps/sekisho.wasm
tools=scripts/tools/node_modules/.bin
mkdir -p "$site" "$cache"
stage=$(mktemp -d "$cache/stage.XXXXXX")
trap 'rm -rf "$stage"' EXIT

# $cache/$1.wasm from the sources of the browser's side, again only if one of them changed. Cargo gives all programs the same
# name: one that it takes to be there still may be another by now.
compile() {
    local feature=${1/#guest/hydrate} wasm=$cache/$1.wasm sources=(Cargo.toml Cargo.lock .cargo build.rs locales src scripts/build-site.sh)
    [ "$(rustc --version)" != "$(cat "$wasm.by" 2>/dev/null)" ] || [ -n "$(find "${sources[@]}" \
        \( -path src/server -o -path src/tests \) -prune -o -type f -newer "$wasm.by" -print -quit)" ] || return 0
    rm -f "$compiled" "$wasm.by"
    rustc --version >"$stage/by" # before: what changes from now on may not be in it
    cargo build --lib --target wasm32-unknown-unknown --no-default-features --features "$feature" --profile "$profile" \
        ${settings[@]+"${settings[@]}"}
    cp "$compiled" "$wasm"
    mv "$stage/by" "$wasm.by"
}

# $cache/$1 from that, again only if it, the flags or the tools changed.
bind() {
    local program=$1 out=$cache/$1 name=${1/#staff/sekisho} key
    key="$(cksum <"$cache/$1.wasm") $(.tools/bin/wasm-bindgen --version) ${optimise[*]} ${features[*]} $(cksum <scripts/tools/package-lock.json)"
    [ "$key" = "$(cat "$out.key" 2>/dev/null)" ] && return 0
    rm -rf "$out" "$out.key"
    .tools/bin/wasm-bindgen --target web --no-typescript --out-name "$name" --out-dir "$stage/$program" "$cache/$program.wasm"
    "$tools/wasm-opt" "${optimise[@]}" "${features[@]}" "$stage/$program/${name}_bg.wasm" -o "$stage/$program/$name.wasm"
    rm "$stage/$program/${name}_bg.wasm"
    mv "$stage/$program" "$out"
    echo "$key" >"$out.key"
}

# Makes $2 hold exactly the files of $1; those that are the same already keep their time. A compressed
# copy is left to precompress.mjs while its original is there.
mirror() {
    local from=$1 to=$2 file
    (cd "$from" && find . -type f) | while IFS= read -r file; do
        cmp -s "$from/$file" "$to/$file" && continue
        mkdir -p "$to/${file%/*}"
        cp "$from/$file" "$to/$file.new"
        mv "$to/$file.new" "$to/$file"
    done
    (cd "$to" && find . -type f) | while IFS= read -r file; do
        [ -e "$from/$file" ] || [ -e "$from/${file%.br}" ] || [ -e "$from/${file%.gz}" ] || rm "$to/$file"
    done
    find "$to" -mindepth 1 -type d -empty -delete
}

mkdir -p "$stage/site/pkg"
[ ! -d public ] || cp -R public/. "$stage/site"
for program in "${programs[@]}"; do
    compile "$program"
    bind "$program"
    cp "$cache/$program"/* "$stage/site/pkg"
done
[ ! -e style/main.css ] ||
    "$tools/lightningcss" --bundle --minify --targets "$browsers" style/main.css -o "$stage/site/pkg/sekisho.css"
mirror "$stage/site" "$site"
node scripts/precompress.mjs "$site" "$quality"
