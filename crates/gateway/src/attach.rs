//! From an identity and a position to an attached tab.

use std::sync::Arc;

use antiphon_api::{
    identity::Identity,
    ids::{Principal, Seq},
};
use antiphon_session::{NewTab, Resume};

use crate::{
    auth::Refusal,
    clock,
    directory::{NotAttached, Tab},
    gateway::Gateway,
};

/// A session's first `seq` is below this, so that a number of another session falls outside.
const FIRST_SEQ_BOUND: u64 = 1 << 48;

/// How often attaching is tried anew with another answer of the server, before the client is.
const ATTEMPTS: usize = 4;

impl Gateway {
    /// Attaches a tab of the user's, asking the server where only it can decide.
    pub(crate) async fn attach(
        &self,
        identity: &Arc<Identity>,
        resume: Resume,
    ) -> Result<Tab, Refusal> {
        let directory = self.directory()?;
        let principal = Principal::User(identity.user_id);
        let new = new_tab(identity, resume)?;
        let mut log = None;
        for _ in 0..ATTEMPTS {
            match directory.attach(principal, identity, &new, log) {
                Ok((tab, outcome)) => {
                    self.metrics.attached(outcome);
                    return Ok(tab);
                }
                Err(NotAttached::Revoked) => return Err(Refusal::revoked()),
                Err(NotAttached::TooManyTabs) => {
                    return Err(Refusal::full("the user has too many tabs open"));
                }
                Err(NotAttached::NeedsLog {
                    after,
                    through,
                    era,
                }) => {
                    let answer = self.replays.begin(principal, after, through).await;
                    let answer = answer.map_err(|error| {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "cannot decide a resume"
                        );
                        Refusal::unavailable("the server is needed to resume, and is away")
                    })?;
                    log = Some((answer, era));
                }
            }
        }
        Err(Refusal::unavailable("the log moved on too fast to resume"))
    }
}

fn new_tab(identity: &Identity, resume: Resume) -> Result<NewTab, Refusal> {
    let random = || {
        getrandom::u64().map_err(|error| {
            tracing::error!(%error, "no random numbers");
            Refusal::unavailable("no random numbers")
        })
    };
    let now = clock::now();
    let valid_until = identity.token.expires_at.map(|end| {
        let left = u64::try_from(end.get() - now.unix_ms.get()).unwrap_or_default();
        now.at + std::time::Duration::from_millis(left)
    });
    Ok(NewTab {
        resume,
        passed: false,
        jitter: (random()? % 1000) as f64 / 1000.0,
        valid_until,
        session_id: format!("{:016x}{:016x}", random()?, random()?),
        first_seq: Seq(i64::try_from(random()? % FIRST_SEQ_BOUND).unwrap_or_default()),
    })
}
