//! What lines of the log are about: requests, tabs and calls of tabs, under the names that the server
//! uses too (`request_id`, `user_id`), and `session` and `tab`.
//!
//! A span is made where something happens and is gone with it, so that an idle tab has none. It is
//! there at every level, for a warning to say what it is about. Nothing a client wrote goes into one
//! but its own id of a request, which is short and plain: paths, queries, headers and bodies hold
//! tokens, tickets and messages.

use antiphon_api::ids::{Principal, UserId};
use antiphon_session::TabKey;
use antiphon_wire::RequestId;
use tracing::{Span, field::Empty};

/// An HTTP request, for as long as it is answered.
pub(crate) fn request(request_id: &RequestId, route: &'static str) -> Span {
    tracing::error_span!("request", %request_id, route, user_id = Empty)
}

/// The request that is answered here turned out to be this user's.
pub(crate) fn is_by(user: UserId) {
    Span::current().record("user_id", user.get());
}

/// Something about a tab.
pub(crate) fn tab(key: TabKey, session: Option<&str>) -> Span {
    let (user_id, tab) = parts(key);
    tracing::error_span!("tab", user_id, session, tab)
}

/// A call that came over a tab's own connection.
pub(crate) fn call(key: TabKey, session: Option<&str>, request_id: &RequestId) -> Span {
    let (user_id, tab) = parts(key);
    tracing::error_span!("call", %request_id, user_id, session, tab)
}

fn parts(key: TabKey) -> (i64, u64) {
    let Principal::User(user) = key.principal;
    (user.get(), key.tab.0)
}
