//! The document around the application. Its files are named by content: an address never serves something else.

use leptos::{html, nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{
    app::App,
    domain::{program::Program, theme::Theme},
    platform::{asset_url, document_theme, program},
};

/// The page is there without the program: it is shown before that takes the line and the processor. A tab that nobody sees draws no
/// frame, and must not wait to be seen: it would count its session's ends from then.
const AFTER_FIRST_FRAME: &str = "await Promise.race([\
new Promise((shown) => requestAnimationFrame(() => setTimeout(shown))), new Promise((late) => setTimeout(late, 500))]);";

/// Between making the program ready and running it, whoever clicks is heard.
const BREATHE: &str = "await new Promise((heard) => setTimeout(heard));";

pub fn shell(options: LeptosOptions) -> impl IntoView {
    let [script, wasm] = files_of(program());
    let style = asset_url("pkg/sekisho.css");
    let nonce = use_nonce();
    let theme = document_theme();
    let start = format!(
        "import init, {{ hydrate }} from {script:?};\n{AFTER_FIRST_FRAME}\nawait init({{ module_or_path: {wasm:?} }});\n{BREATHE}\nhydrate();{}",
        fetch_the_next()
    );
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
        "\naddEventListener(\"input\", () => {:?}.forEach((file) => fetch(file, {{ priority: \"low\" }})), {{ once: true }});",
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
