//! How a tab ended, as a label has it.

use antiphon_api::frame::CloseCode;

/// How a tab ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// We closed it with this code.
    With(u16),
    /// The client closed it, or left its event stream.
    ByClient,
    /// The connection broke.
    Lost,
}

/// What [`End::word`] gives: the codes of `antiphon-api`, two of RFC 6455 for what is no WebSocket,
/// and the ends that have no code of ours.
pub(super) const CODES: [&str; 16] = [
    "1002", "1007", "1009", "1012", "1013", "4000", "4001", "4004", "4008", "4009", "4012", "4013",
    "4014", "client", "lost", "other",
];

impl End {
    pub(crate) const fn of(code: CloseCode) -> Self {
        Self::With(code.code())
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::ByClient => "client",
            Self::Lost => "lost",
            Self::With(code) => {
                let code = code.to_string();
                let known = CODES.into_iter().find(|known| *known == code);
                known.unwrap_or("other")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::frame::CloseCode;

    use super::End;

    #[test]
    fn every_code_of_ours_has_a_word_and_no_other_number_makes_one() {
        for code in CloseCode::ALL {
            assert_eq!(End::of(*code).word(), code.code().to_string());
        }
        assert_eq!(End::With(3999).word(), "other");
    }
}
