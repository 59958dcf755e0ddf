//! One-use tickets: how a browser opens a connection without a token in the URL.

use std::collections::HashMap;

use antiphon_api::{identity::Identity, ids::UnixMs, methods::session::TICKET_TTL_MS};
use parking_lot::Mutex;

/// The most tickets waiting to be redeemed; over it the call is refused until some have run out.
const MAX_TICKETS: usize = 100_000;

/// The tickets that wait to be redeemed. They last 30 s, so they are not stored: after a restart
/// a client asks for another.
#[derive(Default)]
pub(crate) struct Tickets {
    waiting: Mutex<HashMap<String, Waiting>>,
}

struct Waiting {
    expires_at: UnixMs,
    identity: Identity,
}

impl Tickets {
    /// The end of the new ticket, or `None` when there are too many.
    pub(crate) fn add(&self, ticket: String, identity: Identity, now: UnixMs) -> Option<UnixMs> {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MAX_TICKETS {
            waiting.retain(|_, ticket| ticket.expires_at > now);
            if waiting.len() >= MAX_TICKETS {
                return None;
            }
        }
        let own_end = now.plus_ms(TICKET_TTL_MS);
        let expires_at = identity
            .token
            .expires_at
            .map_or(own_end, |end| end.min(own_end));
        waiting.insert(
            ticket,
            Waiting {
                expires_at,
                identity,
            },
        );
        Some(expires_at)
    }

    pub(crate) fn redeem(&self, ticket: &str, now: UnixMs) -> Option<Identity> {
        let waiting = self.waiting.lock().remove(ticket)?;
        (waiting.expires_at > now).then_some(waiting.identity)
    }

    pub(crate) fn forget_expired(&self, now: UnixMs) {
        self.waiting
            .lock()
            .retain(|_, ticket| ticket.expires_at > now);
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::{
        identity::{Identity, Presented},
        ids::{UnixMs, UserId},
    };

    use super::Tickets;

    fn identity(expires_at: Option<UnixMs>) -> Identity {
        Identity {
            user_id: UserId(1),
            token: Presented {
                expires_at,
                ..Presented::default()
            },
        }
    }

    #[test]
    fn a_ticket_is_redeemed_once_and_only_in_time() {
        let tickets = Tickets::default();
        tickets.add("a".to_owned(), identity(None), UnixMs(0));
        assert!(tickets.redeem("a", UnixMs(29_999)).is_some());
        assert!(tickets.redeem("a", UnixMs(29_999)).is_none());
        tickets.add("b".to_owned(), identity(None), UnixMs(0));
        assert!(tickets.redeem("b", UnixMs(30_000)).is_none());
    }

    #[test]
    fn a_ticket_does_not_outlive_the_token_it_came_from() {
        let tickets = Tickets::default();
        let end = tickets.add("a".to_owned(), identity(Some(UnixMs(5))), UnixMs(0));
        assert_eq!(end, Some(UnixMs(5)));
        assert!(tickets.redeem("a", UnixMs(5)).is_none());
    }
}
