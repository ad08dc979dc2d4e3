#!/usr/bin/env bash
# Builds what the browser gets, in target/site: pkg/sekisho.{js,wasm,css}, the files of public/, and .br and
# .gz of each. Usage: scripts/build-site.sh dev|wasm-release
#
# The server embeds that folder, so a file is written only when its content changes.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${1:?usage: scripts/build-site.sh dev|wasm-release}
case $profile in
# A browser compiles what comes, each time: half as much where it is optimised.
dev) optimise=(-O1) quality=fast settings=(--config profile.dev.package.sekisho.opt-level=1) ;;
# -Oz saves a tenth of the file and costs a tenth of what is sent: it leaves little alike for brotli to find. By their names, what
# was made of one generic function stands together.
wasm-release) optimise=(-O1 --dae-optimizing --duplicate-function-elimination --reorder-functions-by-name --strip-debug --strip-producers) quality=best settings=() ;;
*) echo "build-site: no profile named $profile" >&2 && exit 2 ;;
esac

# What rustc itself switches on for wasm32; wasm-opt refuses code that uses more than it is told of.
features=(--enable-bulk-memory --enable-bulk-memory-opt --enable-nontrapping-float-to-int --enable-sign-ext
    --enable-mutable-globals --enable-reference-types --enable-multivalue)
# The oldest browsers with :has(), @layer, nesting and oklch; light-dark() is lowered for them.
browsers='chrome >= 111, edge >= 111, firefox >= 121, safari >= 16.4, ios_saf >= 16.4'

site=target/site
cache=target/site-cache/$profile
wasm=${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/${profile/#dev/debug}/sekisho.wasm
tools=scripts/tools/node_modules/.bin
mkdir -p "$site" "$cache"
stage=$(mktemp -d "$cache/stage.XXXXXX")
trap 'rm -rf "$stage"' EXIT

# $cache/pkg from the compiled library, again only if that, the flags or the tools changed.
bind_wasm() {
    local key
    key="$(cksum <"$wasm") $(.tools/bin/wasm-bindgen --version) ${optimise[*]} ${features[*]} $(cksum <scripts/tools/package-lock.json)"
    [ "$key" = "$(cat "$cache/key" 2>/dev/null)" ] && return 0
    rm -rf "$cache/pkg" "$cache/key"
    .tools/bin/wasm-bindgen --target web --no-typescript --out-name sekisho --out-dir "$stage/bound" "$wasm"
    "$tools/wasm-opt" "${optimise[@]}" "${features[@]}" "$stage/bound/sekisho_bg.wasm" -o "$stage/bound/sekisho.wasm"
    rm "$stage/bound/sekisho_bg.wasm"
    mv "$stage/bound" "$cache/pkg"
    echo "$key" >"$cache/key"
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

cargo build --lib --target wasm32-unknown-unknown --no-default-features --features hydrate --profile "$profile" \
    ${settings[@]+"${settings[@]}"}
bind_wasm
mkdir "$stage/site"
[ ! -d public ] || cp -R public/. "$stage/site"
cp -R "$cache/pkg" "$stage/site/pkg"
[ ! -e style/main.css ] ||
    "$tools/lightningcss" --bundle --minify --targets "$browsers" style/main.css -o "$stage/site/pkg/sekisho.css"
mirror "$stage/site" "$site"
node scripts/precompress.mjs "$site" "$quality"
