//! The document around the application. Its files are named by content: an address never serves something else.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{app::App, platform::asset_url};

pub fn shell(options: LeptosOptions) -> impl IntoView {
    let (style, script, wasm) =
        (asset_url("pkg/sekisho.css"), asset_url("pkg/sekisho.js"), asset_url("pkg/sekisho.wasm"));
    let nonce = use_nonce();
    let start =
        format!("import init, {{ hydrate }} from {script:?};\nawait init({{ module_or_path: {wasm:?} }});\nhydrate();");
    view! {
        <!DOCTYPE html>
        <html>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f8f5ef" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#181614" />
                <link rel="stylesheet" href=style />
                <link rel="icon" type="image/svg+xml" href=asset_url("favicon.svg") />
                <link rel="modulepreload" href=script nonce=nonce.clone() />
                <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
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
