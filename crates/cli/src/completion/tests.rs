use std::ffi::OsString;

use clap_complete::env::{EnvCompleter, Fish};

use super::{
    command,
    shells::{Bash, Zsh, rejoined},
};

/// The lines a shell is told for what is typed, the last word being incomplete.
fn told(shell: &dyn EnvCompleter, words: &[&str]) -> Vec<String> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let mut command = command(words.clone());
    let mut out = Vec::new();
    let answered = shell.write_complete(&mut command, words, None, &mut out);
    answered.expect("completes");
    let text = String::from_utf8(out).expect("text");
    text.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn what_bash_has_parted_is_joined_again() {
    let join = |parts: &[&str]| -> Vec<String> {
        let words = rejoined(parts.iter().map(OsString::from).collect());
        words
            .into_iter()
            .map(|it| it.into_string().expect("text"))
            .collect()
    };
    assert_eq!(join(&["a", "b", "=", "c", "d"]), ["a", "b=c", "d"]);
    assert_eq!(join(&["a", "b", "=", ""]), ["a", "b="]);
    assert_eq!(
        join(&["--url", "http", ":", "//h", ":", "8", ""]),
        ["--url", "http://h:8", ""]
    );
    assert_eq!(join(&["a", ""]), ["a", ""]);
}

#[test]
fn methods_are_completed_wherever_options_stand() {
    for before in [
        &["antiphon", "call"][..],
        &["antiphon", "call", "--as", "1"],
    ] {
        let words = [before, &["message.sen"]].concat();
        assert_eq!(told(&Bash, &words), ["message.send"]);
        let sentence =
            "Sends a message to a channel the caller is in, or a reply to one of its messages.";
        assert_eq!(told(&Zsh, &words), [format!("message.send:{sentence}")]);
        assert_eq!(told(&Fish, &words), [format!("message.send\t{sentence}")]);
    }
}

#[test]
fn parameters_are_completed_by_name_and_by_value() {
    let names = ["body=", "channel_id=", "thread_id=", "idempotency_key="];
    let all = told(&Bash, &["antiphon", "call", "message.send", ""]);
    assert!(all.starts_with(&names.map(ToOwned::to_owned)), "{all:?}");
    let words = [
        "antiphon",
        "call",
        "message.send",
        "body",
        "=",
        "x",
        "--as",
        "1",
        "ch",
    ];
    assert_eq!(told(&Bash, &words), ["channel_id="]);
    let create = ["antiphon", "call", "channel.create"];
    let parted = [&create[..], &["kind", "=", "p"]].concat();
    assert_eq!(told(&Bash, &parted), ["public", "private"]);
    let whole = [&create[..], &["kind=p"]].concat();
    assert_eq!(told(&Zsh, &whole), ["kind=public", "kind=private"]);
    assert_eq!(told(&Fish, &whole), ["kind=public", "kind=private"]);
}

#[test]
fn a_parameter_that_was_given_is_not_offered_again() {
    let given = ["antiphon", "call", "message.send"];
    for body in [&["body=x"][..], &["body", "=", "x"]] {
        let words = [&given[..], body, &[""]].concat();
        assert_eq!(
            told(&Bash, &words)[..3],
            ["channel_id=", "thread_id=", "idempotency_key="]
        );
    }
}

#[test]
fn options_are_completed_before_and_after_a_method() {
    let has = |words: &[&str], option| told(&Bash, words).iter().any(|told| told == option);
    assert!(has(&["antiphon", "call", "--"], "--as"));
    assert!(has(&["antiphon", "call", "message.send", "--"], "--json"));
    assert!(has(&["antiphon", "ta"], "tail"));
}
