//! How often somebody may be said to type.

use std::collections::HashMap;

use antiphon_api::{
    ids::{ChannelId, UnixMs, UserId},
    methods::typing::TYPING_INTERVAL_MS,
};
use parking_lot::Mutex;

/// The most who type at once, each in one channel; over it one more is refused until others have
/// paused.
const MAX_TYPING: usize = 65_536;

/// When each of those who type may next be told of. Nothing of it is stored.
#[derive(Default)]
pub(crate) struct Typing {
    next: Mutex<HashMap<(ChannelId, UserId), UnixMs>>,
}

impl Typing {
    /// Takes note that somebody types, or says in how many milliseconds to try again.
    pub(crate) fn note(&self, channel: ChannelId, user: UserId, now: UnixMs) -> Result<(), i64> {
        let mut next = self.next.lock();
        let held = next.get(&(channel, user)).copied();
        // A time further off than the interval is of a clock that has been set back since.
        let waits = held.map(|at| at.get() - now.get());
        if let Some(wait) = waits.filter(|wait| (1..=TYPING_INTERVAL_MS).contains(wait)) {
            return Err(wait);
        }
        if held.is_none() && next.len() >= MAX_TYPING {
            next.retain(|_, at| *at > now);
            if next.len() >= MAX_TYPING {
                return Err(TYPING_INTERVAL_MS);
            }
        }
        next.insert((channel, user), now.plus_ms(TYPING_INTERVAL_MS));
        Ok(())
    }

    /// Forgets who has paused.
    pub(crate) fn forget_paused(&self, now: UnixMs) {
        self.next.lock().retain(|_, at| *at > now);
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::{ChannelId, UnixMs, UserId};

    use super::{MAX_TYPING, Typing};

    const HERE: ChannelId = ChannelId(1);
    const THERE: ChannelId = ChannelId(2);
    const ADA: UserId = UserId(1);

    #[test]
    fn somebody_types_in_a_channel_once_a_second_exactly() {
        let typing = Typing::default();
        assert_eq!(typing.note(HERE, ADA, UnixMs(5_000)), Ok(()));
        assert_eq!(typing.note(HERE, ADA, UnixMs(5_000)), Err(1_000));
        assert_eq!(typing.note(HERE, ADA, UnixMs(5_999)), Err(1));
        assert_eq!(typing.note(THERE, ADA, UnixMs(5_999)), Ok(()));
        assert_eq!(typing.note(HERE, UserId(2), UnixMs(5_999)), Ok(()));
        assert_eq!(typing.note(HERE, ADA, UnixMs(6_000)), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_silences_nobody() {
        let typing = Typing::default();
        assert_eq!(typing.note(HERE, ADA, UnixMs(9_000_000)), Ok(()));
        assert_eq!(typing.note(HERE, ADA, UnixMs(5_000)), Ok(()));
        assert_eq!(typing.note(HERE, ADA, UnixMs(5_999)), Err(1));
    }

    #[test]
    fn over_the_bound_one_more_waits_until_others_have_paused() {
        let typing = Typing::default();
        for user in 1..=i64::try_from(MAX_TYPING).expect("fits") {
            assert_eq!(typing.note(THERE, UserId(user), UnixMs(5_000)), Ok(()));
        }
        assert_eq!(typing.note(HERE, ADA, UnixMs(5_999)), Err(1_000));
        assert_eq!(typing.note(HERE, ADA, UnixMs(6_000)), Ok(()));
    }
}
