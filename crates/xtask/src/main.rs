//! Chores of this repository: what is generated (`cargo xtask openrpc [--check]`, `cargo xtask
//! configuration [--check]`, `cargo xtask examples`) and `cargo xtask tidy`.

mod examples;
mod generated;
mod tidy;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use generated::{CONFIGURATION, OPENRPC};

const USAGE: &str =
    "usage: cargo xtask openrpc [--check] | configuration [--check] | examples | tidy";
const EX_USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["openrpc"] => OPENRPC.write(&root()),
        ["openrpc", "--check"] => OPENRPC.check(&root()),
        ["configuration"] => CONFIGURATION.write(&root()),
        ["configuration", "--check"] => CONFIGURATION.check(&root()),
        ["examples"] => examples::write(&root()),
        ["tidy"] => tidy::check(&root()),
        _ => return complain(USAGE, EX_USAGE),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{error:#}"), 1),
    }
}

#[expect(clippy::print_stderr, reason = "a chore talks to who runs it")]
fn complain(what: &str, code: u8) -> ExitCode {
    eprintln!("{what}");
    ExitCode::from(code)
}

/// The repository this was built in.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
