//! What the shells complete. A shell that has sourced the script of `antiphon completions` calls
//! this program with [`VARIABLE`] set and the words typed so far.
//!
//! clap's engine completes a command line from its description and knows no argument that depends
//! on another one. So the description made for it has the methods as subcommands of `call`, each
//! with its own parameters. A JSON object is not completed: its quotes and braces mean something
//! else to each shell.

mod shells;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command, CommandFactory};
use clap_complete::{
    engine::{ArgValueCompleter, CompletionCandidate},
    env::{CompleteEnv, EnvCompleter, Fish, Shells},
};

use crate::{
    args::{Args, Shell},
    reference::{Method, Reference},
};
use shells::{Bash, Zsh, rejoined};

/// Says which shell asks.
const VARIABLE: &str = "ANTIPHON_COMPLETE";
const NAME: &str = "antiphon";

/// If a shell asks what to complete, answers it and ends the process.
pub(crate) fn answer() {
    CompleteEnv::with_factory(|| command(std::env::args_os().collect()))
        .var(VARIABLE)
        .shells(Shells(&[&Bash, &Zsh, &Fish]))
        .complete();
}

/// The script that makes `shell` ask `program`.
pub(crate) fn script(shell: Shell, program: &str) -> std::io::Result<Vec<u8>> {
    let shell: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    };
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, NAME, NAME, program, &mut script)?;
    Ok(script)
}

/// The command line as the engine is to see it. `words` are those typed so far, the last one
/// incomplete: a parameter that was given is not offered again.
fn command(words: Vec<OsString>) -> Command {
    let mut given = rejoined(words);
    given.pop();
    let mut reference = Reference::load().unwrap_or_default();
    for method in &mut reference.methods {
        method.params.retain(|param| !is_given(&param.name, &given));
    }
    Args::command().mut_subcommand("call", |call| with_methods(&call, &reference))
}

fn is_given(name: &str, words: &[OsString]) -> bool {
    let is = |word: &OsString| word.to_string_lossy().split('=').next() == Some(name);
    words.iter().any(is)
}

/// `call` with each method in place of its positional arguments.
fn with_methods(call: &Command, reference: &Reference) -> Command {
    let options = call.get_arguments().filter(|arg| !arg.is_positional());
    let options: Vec<Arg> = options.cloned().collect();
    let methods = reference.methods.iter().map(|method| {
        let params = Arg::new("params").num_args(0..);
        bare(method.name.clone())
            .about(method.summary.clone())
            .args(options.clone())
            .arg(params.add(completer(method, reference)))
    });
    let methods: Vec<Command> = methods.collect();
    bare(call.get_name().to_owned())
        .about(call.get_about().cloned().unwrap_or_default())
        .args(options)
        .subcommands(methods)
}

/// `call` has a help flag of its own among its arguments.
fn bare(name: String) -> Command {
    Command::new(name)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
}

/// Completes the names of a method's parameters, and the values of those that have few.
fn completer(method: &Method, reference: &Reference) -> ArgValueCompleter {
    let params = method.params.iter();
    let names = params.map(|param| (format!("{}=", param.name), reference.describe(param)));
    let names: Vec<(String, String)> = names.collect();
    let values = method.params.iter().flat_map(|param| {
        let choices = reference.choices(param).into_iter();
        choices.map(|choice| format!("{}={choice}", param.name))
    });
    let values: Vec<String> = values.collect();
    ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy();
        let fits = |offered: &str| offered.starts_with(&*typed);
        let values = values
            .iter()
            .filter(|value| typed.contains('=') && fits(value));
        let names = names.iter().filter(|(name, _)| fits(name));
        let described = names
            .map(|(name, what)| CompletionCandidate::new(name).help(Some(what.clone().into())));
        described
            .chain(values.map(CompletionCandidate::new))
            .collect()
    })
}
