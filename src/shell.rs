//! The document around the application. Its files are named by content: an address never serves something else.

use std::sync::LazyLock;

use leptos::{html, nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{
    app::App,
    domain::{program::Program, theme::Theme},
    platform::{TOUCH_COOKIE_LINE, asset_url, document_theme, program},
};

/// What starts the program, with the names of its files yet to be filled in.
static START: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("client/start.js").lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("TOUCH", TOUCH_COOKIE_LINE)
});

pub fn shell(options: LeptosOptions) -> impl IntoView {
    let [script, wasm] = files_of(program());
    let style = asset_url("pkg/sekisho.css");
    let nonce = use_nonce();
    let theme = document_theme();
    let start = START.replace("SCRIPT", &script).replace("WASM", &wasm) + "\n" + &fetch_the_next();
    view! {
        <!DOCTYPE html>
        <html data-theme=theme.as_str()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                {bar_colours(theme)}
                <link rel="stylesheet" href=style />
                <link rel="icon" type="image/svg+xml" href=asset_url("favicon.svg") />
                <link rel="modulepreload" href=script nonce=nonce.clone() />
                <script type="module" nonce=nonce>
                    {start}
                </script>
                <AutoReload options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

fn files_of(program: Program) -> [String; 2] {
    ["js", "wasm"].map(|kind| asset_url(&format!("{}.{kind}", program.file())))
}

/// Whoever begins to fill in a form is about to sign in, and has the next program there by then.
fn fetch_the_next() -> String {
    if program() != Program::Guest {
        return String::new();
    }
    format!(
        "addEventListener(\"input\", () => {:?}.forEach((file) => fetch(file, {{ priority: \"low\" }})), {{ once: true }});",
        files_of(Program::Person)
    )
}

/// The browser's own bars take the ground's colour.
fn bar_colours(theme: Theme) -> impl IntoView {
    let (light, dark) = match theme {
        Theme::System => ("(prefers-color-scheme: light)", "(prefers-color-scheme: dark)"),
        Theme::Light => ("all", "not all"),
        Theme::Dark => ("not all", "all"),
    };
    [(light, "#f8f5ef"), (dark, "#181614")]
        .map(|(media, content)| html::meta().name("theme-color").attr("media", media).content(content))
        .collect_view()
}
