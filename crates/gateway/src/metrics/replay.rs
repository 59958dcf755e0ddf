//! How the server was asked for a page of the log and what it answered, as labels have it.

use antiphon_session::LogAnswer;

/// What a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A tab's resume: its first page.
    Resume,
    Further,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Page,
    Refused,
    Failed,
}

impl Asked {
    pub(super) const ALL: [Self; 2] = [Self::Resume, Self::Further];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Further => "further",
        }
    }
}

impl Answered {
    pub(super) const ALL: [Self; 3] = [Self::Page, Self::Refused, Self::Failed];

    pub(super) const fn of<E>(answer: &Result<LogAnswer, E>) -> Self {
        match answer {
            Ok(LogAnswer::Page(_)) => Self::Page,
            Ok(LogAnswer::Refused(_)) => Self::Refused,
            Err(_) => Self::Failed,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}
