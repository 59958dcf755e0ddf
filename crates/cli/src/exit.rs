use std::process::ExitCode;

/// How the process ends; the numbers are those of sysexits.h where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success = 0,
    Failure = 1,
    Usage = 64,
    Configuration = 78,
}

/// An error of the configuration: starting again will not help.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Misconfigured(pub(crate) anyhow::Error);

/// The arguments fit the command line, but not what they are for.
#[derive(Debug, thiserror::Error)]
#[error("{0}\n\nFor more information, try '--help'.")]
pub(crate) struct Misused(pub(crate) String);

impl Exit {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }

    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if error.is::<Misconfigured>() {
            Self::Configuration
        } else if error.is::<Misused>() {
            Self::Usage
        } else {
            Self::Failure
        }
    }

    /// Help and version are no errors. clap points to `--help` itself, except where a command has
    /// a help flag of its own.
    #[expect(clippy::print_stderr, reason = "the last word of the process")]
    pub(crate) fn of_usage(error: &clap::Error) -> ExitCode {
        if let Err(failed) = error.print() {
            eprintln!("antiphon: {failed}");
        }
        if error.use_stderr() {
            if !error.to_string().contains("--help") {
                eprintln!("For more information, try '--help'.");
            }
            Self::Usage.code()
        } else {
            Self::Success.code()
        }
    }

    /// Says what went wrong, with every cause, once.
    #[expect(clippy::print_stderr, reason = "the last word of the process")]
    pub(crate) fn report(self, error: &anyhow::Error) -> ExitCode {
        eprintln!("antiphon: {error:#}");
        self.code()
    }
}
