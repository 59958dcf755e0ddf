use std::{fs::OpenOptions, io::Write, path::Path};

use antiphon_config::{Setting, commented_file};
use anyhow::{Context, anyhow};

use super::configured::{loaded, wrong};
use crate::{
    args::{Config, ConfigGiven, ConfigInit},
    exit::{Exit, Misconfigured},
};

pub(super) fn run(command: Config) -> anyhow::Result<Exit> {
    match command {
        Config::Init(args) => init(&args),
        Config::Check(args) => check(&args),
        Config::Show(args) => show(&args),
    }
}

/// Writes a file with every key in it, unless there is one.
#[expect(
    clippy::print_stdout,
    reason = "the file, or where it is, is what the command is asked for"
)]
fn init(args: &ConfigInit) -> anyhow::Result<Exit> {
    if args.file == Path::new("-") {
        print!("{}", commented_file());
        return Ok(Exit::Success);
    }
    let shown = args.file.display();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.file)
        .with_context(|| format!("cannot make {shown}; - writes to the standard output"))?;
    file.write_all(commented_file().as_bytes())
        .with_context(|| format!("cannot write {shown}"))?;
    println!("{shown} is written; antiphon config check --config {shown} says whether it is right");
    Ok(Exit::Success)
}

/// Everything that is wrong, as the daemons would find it, without starting them.
#[expect(
    clippy::print_stdout,
    reason = "the verdict is what the command is asked for"
)]
fn check(args: &ConfigGiven) -> anyhow::Result<Exit> {
    let config = loaded(&args.configuration, [])?.config;
    let wrong = wrong(&config);
    if wrong.is_empty() {
        println!("the configuration is right");
        return Ok(Exit::Success);
    }
    let lines: Vec<_> = wrong.iter().map(|error| format!("{error:#}")).collect();
    Err(Misconfigured(anyhow!(lines.join("\n"))).into())
}

/// A line for each key, which a configuration file can have as it is. What is secret is in files that
/// keys name, and no key is itself.
#[expect(
    clippy::print_stdout,
    reason = "the keys are what the command is asked for"
)]
fn show(args: &ConfigGiven) -> anyhow::Result<Exit> {
    for Setting { key, value, place } in loaded(&args.configuration, [])?.settings {
        match value {
            Some(value) => println!("{} = {value}  # {place}", key.path),
            None => println!("# {} has no value  # {place}", key.path),
        }
    }
    Ok(Exit::Success)
}
