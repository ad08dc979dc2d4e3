//! Turns `locales/{en,ja}.json` into the `i18n` module: a missing or surplus key is a failed build, not a hole in a page.

use std::{env, error::Error, path::PathBuf};

use leptos_i18n_build::{Config, ParseOptions, TranslationsInfos};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_SSR").is_some() {
        // The server carries the site: what is added there must reach the binary.
        println!("cargo::rerun-if-changed=target/site");
    }
    // texts are asked for as strings, also those with values in them: they go into attributes and titles too
    let options = ParseOptions::new().interpolate_display(true);
    let config = Config::new("en")?.add_locale("ja")?.parse_options(options);

    let infos = TranslationsInfos::parse(config)?;
    infos.emit_diagnostics();
    infos.rerun_if_locales_changed();
    infos.generate_i18n_module(PathBuf::from(env::var("OUT_DIR")?).join("i18n"))?;
    Ok(())
}
