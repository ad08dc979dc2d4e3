//! The program: a command line over the library. `server/cli` is where it begins.

#[cfg(feature = "ssr")]
fn main() -> std::process::ExitCode {
    sekisho::server::cli::run()
}

/// Without the server there is nothing to run; the browser starts in `lib.rs`.
#[cfg(not(feature = "ssr"))]
fn main() {}
