//! How often each user may call.

use std::num::NonZeroU32;

use antiphon_api::Class;

/// A steady rate, and what may come at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls a second.
    pub per_second: NonZeroU32,
    /// Calls at once; at least 1, more than `per_second` or less.
    pub burst: NonZeroU32,
}

/// What each user may call, by the class of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    rates: [Rate; Class::ALL.len()],
}

impl Rate {
    #[must_use]
    pub const fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { per_second, burst }
    }
}

impl Limits {
    #[must_use]
    pub fn of(&self, class: Class) -> Rate {
        self.rates[class as usize]
    }

    pub fn set(&mut self, class: Class, rate: Rate) {
        self.rates[class as usize] = rate;
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rates: Class::ALL.map(usual),
        }
    }
}

const fn usual(class: Class) -> Rate {
    let (per_second, burst) = match class {
        Class::Read => (50, 200),
        Class::Write => (20, 100),
        Class::Heavy => (2, 20),
        Class::Signal => (10, 50),
    };
    match (NonZeroU32::new(per_second), NonZeroU32::new(burst)) {
        (Some(per_second), Some(burst)) => Rate::new(per_second, burst),
        _ => panic!("a rate is above zero"),
    }
}
