//! Who it is that applications call by ids of their own, remembered for a while.

use std::collections::HashMap;

use antiphon_api::ids::UserId;

/// The most external ids remembered; one more makes all forgotten, and asked for again.
const MAX_KNOWN: usize = 50_000;

/// The users of the external ids that were asked for lately.
#[derive(Debug, Default)]
pub struct Externals {
    users: HashMap<String, UserId>,
    /// How often everything was forgotten.
    era: u64,
}

/// An external id has to be asked for; with this the answer can be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    era: u64,
}

impl Externals {
    pub fn find(&self, id: &str) -> Result<UserId, Unknown> {
        let known = self.users.get(id).copied();
        known.ok_or(Unknown { era: self.era })
    }

    /// Remembers an answer, unless everything was forgotten while it was waited for.
    pub fn learn(&mut self, asked: Unknown, id: String, user: UserId) {
        if asked.era != self.era {
            return;
        }
        if self.users.len() >= MAX_KNOWN {
            self.forget();
        }
        self.users.insert(id, user);
    }

    /// What was known is of another database.
    pub fn forget(&mut self) {
        self.users.clear();
        self.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::UserId;

    use super::{Externals, MAX_KNOWN};

    #[test]
    fn an_answer_is_remembered_unless_all_was_forgotten_meanwhile() {
        let mut externals = Externals::default();
        let asked = externals.find("a").expect_err("nobody said");
        externals.learn(asked, "a".to_owned(), UserId(1));
        assert_eq!(externals.find("a"), Ok(UserId(1)));
        externals.forget();
        externals.learn(asked, "a".to_owned(), UserId(1));
        assert!(externals.find("a").is_err());
    }

    #[test]
    fn no_more_than_the_bound_are_remembered() {
        let mut externals = Externals::default();
        for number in 0..=MAX_KNOWN {
            let asked = externals.find("new").expect_err("nobody said");
            externals.learn(asked, number.to_string(), UserId(1));
        }
        assert_eq!(externals.users.len(), 1);
        assert!(externals.find(&MAX_KNOWN.to_string()).is_ok());
    }
}
