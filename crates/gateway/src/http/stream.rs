//! What a WebSocket and an event stream ask for alike: a user's tab, from some position on.

use std::sync::Arc;

use antiphon_api::identity::Identity;
use antiphon_session::Resume;
use http::Request;
use hyper::body::Incoming;

use super::query_of;
use crate::{auth::Refusal, directory::Tab, gateway::Gateway, span};

/// Attaches the tab that a request for `{prefix}{user}` asks for. `resume` is where it goes on, if
/// the query does not say that.
pub(super) async fn attach(
    gateway: &Gateway,
    request: &Request<Incoming>,
    prefix: &str,
    resume: Option<Resume>,
) -> Result<(Tab, Arc<Identity>), Refusal> {
    if gateway.handshakes.check().is_err() {
        return Err(Refusal::full("too many tabs come at once"));
    }
    let query = query_of(request.uri());
    let identity = gateway.identify(request.headers(), &query).await?;
    span::is_by(identity.user_id);
    let who = request
        .uri()
        .path()
        .strip_prefix(prefix)
        .unwrap_or_default();
    if who != "me" && who != identity.user_id.to_string() {
        return Err(Refusal::forbidden(
            "the path names another user than the token, or none",
        ));
    }
    let identity = Arc::new(identity);
    let tab = gateway
        .attach(&identity, resume.unwrap_or_else(|| resume_of(&query)))
        .await?;
    tab.span()
        .in_scope(|| tracing::debug!("a tab was attached"));
    Ok((tab, identity))
}

/// What the query asks to resume from.
fn resume_of(query: &[(String, String)]) -> Resume {
    let field = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    Resume::parse(field("pos"), field("resume_from"), field("session"))
}
