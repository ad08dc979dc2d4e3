#!/usr/bin/env bash
# Checks that need no running program: format, clippy for server, bench and browser, and where cfg gates stand.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "format"
cargo fmt --all --check

step "clippy, server and bench"
mkdir -p target/site # the server embeds it, and this comes before it is built
cargo clippy --workspace --no-default-features --features sekisho/ssr --all-targets -- -D warnings

step "clippy, browser"
cargo clippy --no-default-features --features staff --target wasm32-unknown-unknown --lib -- -D warnings

step "cfg gates"
if grep -rnE 'cfg(_attr)?!?\(.*feature *=' src --include='*.rs' | grep -vE '^src/(lib\.rs|main\.rs|platform(\.rs|/))'; then
    echo "Gates on features stand in src/lib.rs, src/main.rs and src/platform only." >&2
    exit 1
fi

step "columns by name"
# A newer node may add a column while this one runs, and a prepared `*` breaks on that.
if grep -rnE '(SELECT|RETURNING|,) +([A-Za-z_]+\.)?\*|[A-Za-z_]\.\*[, "]' src/server/store --include='*.rs' | grep -vE ':[0-9]+: *//|COUNT\(\*\)'; then
    echo "Statements in src/server/store name their columns; see columns! in on.rs." >&2
    exit 1
fi

step "titles"
if grep -rnE 'leptos_meta.*\bTitle\b|<Title\b|\binner_html\b' src --include='*.rs' | grep -v '^src/ui/components/page_title\.rs:'; then
    echo "leptos_meta writes a title as markup: use components::page_title::PageTitle. Nothing else is written into a page as markup." >&2
    exit 1
fi
