//! How bash and zsh ask and are answered. clap's own scripts would do but for `NAME=VALUE`: bash takes
//! `=` and `:` for the ends of words, and zsh puts a space behind what it has completed.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
};

use clap::Command;
use clap_complete::{engine, env::EnvCompleter};

#[derive(Clone, Copy, Debug)]
pub(super) struct Bash;

#[derive(Clone, Copy, Debug)]
pub(super) struct Zsh;

const BASH: &str = r#"_antiphon() {
    local IFS=$'\n' words=("${COMP_WORDS[@]:0:COMP_CWORD}")
    case ${COMP_WORDS[COMP_CWORD]} in [=:]*) words+=("${COMP_WORDS[COMP_CWORD]}") ;; esac
    COMPREPLY=($(VARIABLE=bash PROGRAM -- "${words[@]}" "$2" 2>/dev/null))
    case ${COMPREPLY-} in *[=/]) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _antiphon NAME
"#;

const ZSH: &str = r#"#compdef NAME
_antiphon() {
    local line
    local -a open closed
    for line in "${(@f)$(VARIABLE=zsh PROGRAM -- "${(@)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
        case ${line%%:*} in
            *[=/]) open+=("$line") ;;
            ?*) closed+=("$line") ;;
        esac
    done
    (( $#open )) && _describe -V parameter open -S ''
    (( $#closed )) && _describe -V value closed
}
if [[ $funcstack[1] = _antiphon ]]; then _antiphon "$@"; else compdef _antiphon NAME; fi
"#;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == self.name()
    }

    fn write_registration(
        &self,
        variable: &str,
        _: &str,
        name: &str,
        program: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        out.write_all(filled(BASH, variable, name, program).as_bytes())
    }

    /// The last word is what is typed of the part that bash would replace.
    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let typed = words.last().map_or(0, |word| word.len());
        let words = rejoined(words);
        let whole = words.last().map_or(0, |word| word.len());
        let last = words.len().saturating_sub(1);
        for candidate in engine::complete(command, words, last, folder)? {
            let value = candidate.get_value().to_string_lossy();
            writeln!(out, "{}", value.get(whole - typed..).unwrap_or_default())?;
        }
        Ok(())
    }
}

impl EnvCompleter for Zsh {
    fn name(&self) -> &'static str {
        "zsh"
    }

    fn is(&self, name: &str) -> bool {
        name == self.name()
    }

    fn write_registration(
        &self,
        variable: &str,
        _: &str,
        name: &str,
        program: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        out.write_all(filled(ZSH, variable, name, program).as_bytes())
    }

    /// A line is a value and, behind a colon, what it is.
    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let last = words.len().saturating_sub(1);
        for candidate in engine::complete(command, words, last, folder)? {
            let value = candidate.get_value().to_string_lossy();
            write!(out, "{}", value.replace('\\', r"\\").replace(':', r"\:"))?;
            if let Some(help) = candidate.get_help() {
                let help = help.to_string();
                write!(out, ":{}", help.lines().next().unwrap_or_default())?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

fn filled(script: &str, variable: &str, name: &str, program: &str) -> String {
    let program = format!("'{}'", program.replace('\'', r"'\''"));
    script
        .replace("VARIABLE", variable)
        .replace("NAME", name)
        .replace("PROGRAM", &program)
}

/// The words as they were typed, where bash has parted them at `=` and `:`.
pub(super) fn rejoined(parts: Vec<OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    let mut is_open = false;
    for part in parts {
        let bytes = part.as_encoded_bytes();
        let parts_words = !bytes.is_empty() && bytes.iter().all(|byte| b"=:".contains(byte));
        match words.last_mut() {
            Some(word) if is_open || parts_words => word.push(&part),
            _ => words.push(part),
        }
        is_open = parts_words;
    }
    words
}
