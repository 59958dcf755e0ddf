//! Completion, asked as the shells' scripts ask, and by those shells that are installed, with real
//! keys on a terminal.

use std::{fs, path::PathBuf};

use antiphon_test_support::{Install, Process, binary};

use crate::terminal::{installed, on_terminal};

/// What the binary answers to a shell that has these words, the last one incomplete.
fn answered(install: &Install, shell: &str, words: &[&str]) -> Vec<String> {
    let binary = binary();
    let variable = format!("ANTIPHON_COMPLETE={shell}");
    let program = binary.to_str().expect("the path is text");
    let args = [&[&*variable, program, "--", "antiphon"], words].concat();
    let env = installed("env").expect("every system has it");
    let mut process = Process::start_other(install.folder(), &env, &args, "");
    assert!(process.wait().success(), "{}", process.errors());
    process.output().lines().map(ToOwned::to_owned).collect()
}

#[test]
fn each_shell_is_told_methods_and_parameters_in_its_own_way() {
    let install = Install::new();
    let send = "Sends a message to a channel the caller is in, or a reply to one of its messages.";
    let channel = "integer, required: A channel's id.";
    for (shell, separator) in [("bash", None), ("zsh", Some(":")), ("fish", Some("\t"))] {
        let line = |value: &str, what: &str| match separator {
            Some(separator) => format!("{value}{separator}{what}"),
            None => value.to_owned(),
        };
        assert_eq!(
            answered(&install, shell, &["call", "message.sen"]),
            [line("message.send", send)]
        );
        assert_eq!(
            answered(&install, shell, &["call", "message.send", "body=x", "ch"]),
            [line("channel_id=", channel)]
        );
        let script = Process::run(install.folder(), &["completions", shell]).1;
        let program = binary().display().to_string();
        for word in [&format!("ANTIPHON_COMPLETE={shell}"), &program] {
            assert!(script.contains(word.as_str()), "{shell}: {script}");
        }
    }
    let parted = ["call", "channel.create", "kind", "=", "pu"];
    assert_eq!(answered(&install, "bash", &parted), ["public"]);
    let whole = ["call", "channel.create", "kind=pu"];
    assert_eq!(answered(&install, "zsh", &whole), ["kind=public"]);
    assert_eq!(answered(&install, "fish", &whole), ["kind=public"]);
}

/// What a shell has made of keys: the arguments of each `antiphon` it ran.
fn typed(shell: &str, start: &str, setup: &str) -> Option<String> {
    installed(shell)?;
    let install = Install::new();
    let binary = binary().display().to_string();
    let setup = setup.replace("BINARY", &binary);
    let keys =
        "antiphon call message.sen\tcha\t1\rantiphon call channel.create ki\tpu\tna\tx\rexit\r";
    let mut process = on_terminal(&install, start, &format!("{setup}\r{keys}"))?;
    process.wait();
    let file: PathBuf = install.folder().join("typed");
    let typed = fs::read_to_string(file);
    Some(typed.unwrap_or_else(|error| panic!("{error}: {}", process.output())))
}

const COMPLETED: &str = "call message.send channel_id=1\ncall channel.create kind=public name=x\n";

#[test]
fn bash_completes_what_is_typed() {
    let setup = "source <('BINARY' completions bash); antiphon() { echo \"$*\" >> typed; }";
    if let Some(typed) = typed("bash", "bash --norc --noprofile -i", setup) {
        assert_eq!(typed, COMPLETED);
    }
}

#[test]
fn zsh_completes_what_is_typed() {
    let setup = "autoload -U compinit; compinit -u -D; source <('BINARY' completions zsh); \
                 antiphon() { echo \"$*\" >> typed }";
    if let Some(typed) = typed("zsh", "zsh -f -i", setup) {
        assert_eq!(typed, COMPLETED);
    }
}

#[test]
fn fish_completes_what_is_typed() {
    let setup = "'BINARY' completions fish | source; function antiphon; echo $argv >> typed; end";
    if let Some(typed) = typed("fish", "fish --no-config -i", setup) {
        assert_eq!(typed, COMPLETED);
    }
}
