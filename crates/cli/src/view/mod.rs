//! What is shown on standard output: JSON as it came to programs, something to read to people.

mod event;
mod fields;
mod table;
mod text;
mod time;

use std::{borrow::Cow, io::IsTerminal};

use serde_json::value::RawValue;
use terminal_size::{Width, terminal_size_of};

pub(crate) use text::{visible, visible_json};

/// How wide a terminal is taken to be that does not say.
const DEFAULT_WIDTH: usize = 80;

/// Who reads standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Program,
    Person,
    /// A person who asked for JSON.
    PersonReadingJson,
}

impl Reader {
    pub(crate) fn of_stdout(json: bool) -> Self {
        match (std::io::stdout().is_terminal(), json) {
            (false, _) => Self::Program,
            (true, false) => Self::Person,
            (true, true) => Self::PersonReadingJson,
        }
    }

    /// A method's result.
    pub(crate) fn result(self, result: &RawValue) -> String {
        match self {
            Self::Program => format!("{result}\n"),
            Self::PersonReadingJson => visible_json(result.get()) + "\n",
            Self::Person => table::table(result, width()),
        }
    }

    /// A frame of a stream; none when there is nothing to tell this reader.
    pub(crate) fn frame(self, frame: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Program => Some(frame.into()),
            Self::PersonReadingJson => Some(visible_json(frame).into()),
            Self::Person => event::line(frame, width()).map(Cow::Owned),
        }
    }
}

fn width() -> usize {
    terminal_size_of(std::io::stdout())
        .map_or(DEFAULT_WIDTH, |(Width(width), _)| usize::from(width))
}
