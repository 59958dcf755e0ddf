//! What every request and every tab needs, and who they are.

use std::sync::{Arc, OnceLock};

use antiphon_api::{
    ErrorCode,
    identity::Identity,
    ids::UserId,
    methods::{
        session::{Redeem, RedeemParams},
        user::{Resolve, ResolveParams},
    },
};
use antiphon_client::rpc::{CallError, Rpc};
use antiphon_token::{Refusal as TokenRefusal, Subject, Verified, Verifier};
use governor::DefaultDirectRateLimiter;
use http::HeaderMap;
use tokio::sync::watch;

use crate::{
    auth::{Credentials, Origins, Proxies, Refusal},
    calls::Calls,
    clock,
    directory::Directory,
    link::LinkState,
    metrics::Metrics,
    probe::Canary,
    replay::Replays,
};

/// The media type of the page that metrics are told on, and what makes it; `None` when that fails.
pub(crate) type Page = (&'static str, Arc<dyn Fn() -> Option<String> + Send + Sync>);

/// The gateway, as its requests and tabs see it.
pub(crate) struct Gateway {
    pub(crate) verifier: Verifier,
    pub(crate) dev: bool,
    pub(crate) origins: Origins,
    pub(crate) proxies: Proxies,
    pub(crate) frame_bytes: usize,
    pub(crate) handshakes: DefaultDirectRateLimiter,
    pub(crate) link: watch::Receiver<LinkState>,
    pub(crate) rpc: Rpc,
    pub(crate) calls: Calls,
    pub(crate) replays: Replays,
    pub(crate) metrics: Metrics,
    /// From when there is one on.
    pub(crate) page: OnceLock<Page>,
    pub(crate) draining: watch::Receiver<bool>,
    /// Its socket goes on without it, so that who came before the drain is let in all the same.
    pub(crate) inherited: bool,
    /// If there is to be one.
    pub(crate) canary: Option<Canary>,
}

impl Gateway {
    /// The sessions, once there has been a server to begin with.
    pub(crate) fn directory(&self) -> Result<Arc<Directory>, Refusal> {
        if *self.draining.borrow() && !self.inherited {
            return Err(Refusal::unavailable("the gateway is about to restart"));
        }
        self.sessions()
    }

    /// As [`directory`](Self::directory), for what is still served while draining.
    fn sessions(&self) -> Result<Arc<Directory>, Refusal> {
        self.link
            .borrow()
            .directory
            .clone()
            .ok_or_else(|| Refusal::unavailable("the gateway has not reached its server yet"))
    }

    /// Checks where a request comes from and whose it is.
    pub(crate) async fn identify(
        &self,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> Result<Identity, Refusal> {
        self.origins.check(headers, false)?;
        let credentials = Credentials::of(headers, query)?;
        let identity = match credentials {
            Credentials::Token(token) => self.named_by(self.verify(&token)?).await?,
            Credentials::Cookie(token) => {
                self.origins.check(headers, true)?;
                self.named_by(self.verify(&token)?).await?
            }
            Credentials::Ticket(ticket) => self.redeem(ticket).await?,
        };
        if self.sessions()?.is_revoked(&identity) {
            return Err(Refusal::revoked());
        }
        Ok(identity)
    }

    fn verify(&self, token: &str) -> Result<Verified, Refusal> {
        self.verifier
            .verify(token, clock::now().unix_ms)
            .map_err(|refusal| match refusal {
                TokenRefusal::Expired => Refusal::expired(),
                TokenRefusal::Invalid => Refusal::unauthenticated(refusal.to_string()),
                TokenRefusal::WrongKind => Refusal::forbidden(refusal.to_string()),
            })
    }

    async fn named_by(&self, verified: Verified) -> Result<Identity, Refusal> {
        let user_id = match &verified.subject {
            Subject::User(id) => *id,
            Subject::External(id) => self.resolve(id).await?,
        };
        Ok(Identity {
            user_id,
            token: verified.token,
        })
    }

    /// The user an application calls `external_id`, by the server's word.
    async fn resolve(&self, external_id: &str) -> Result<UserId, Refusal> {
        let directory = self.sessions()?;
        let asked = match directory.externals.lock().find(external_id) {
            Ok(user) => return Ok(user),
            Err(asked) => asked,
        };
        let external_id = external_id.to_owned();
        let params = ResolveParams {
            external_id: external_id.clone(),
        };
        let resolved = self.rpc.call::<Resolve>(&params).await;
        let user = resolved.map_err(not_told)?.user_id;
        directory.externals.lock().learn(asked, external_id, user);
        Ok(user)
    }

    async fn redeem(&self, ticket: String) -> Result<Identity, Refusal> {
        let redeemed = self.rpc.call::<Redeem>(&RedeemParams { ticket }).await;
        redeemed.map_err(not_told)
    }
}

/// The server knows nobody of the kind, or cannot be asked.
fn not_told(error: CallError) -> Refusal {
    if let CallError::Rpc(error) = &error
        && error.kind() == Some(ErrorCode::NotFound)
    {
        return Refusal::unauthenticated(&*error.message);
    }
    tracing::warn!(%error, "the server does not say who somebody is");
    Refusal::unavailable("the server is needed to say who you are, and is away")
}
