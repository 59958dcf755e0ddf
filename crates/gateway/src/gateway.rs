//! What every request and every tab needs, and who they are.

use std::sync::Arc;

use antiphon_api::methods::session::{Redeem, RedeemParams};
use antiphon_client::rpc::{CallError, Rpc};
use antiphon_token::{Identity, Refusal as TokenRefusal, Verifier};
use http::HeaderMap;
use tokio::sync::watch;

use crate::{
    auth::{Credentials, Origins, Refusal},
    calls::Calls,
    clock,
    directory::Directory,
    link::LinkState,
    replay::Replays,
};

/// The gateway, as its requests and tabs see it.
pub(crate) struct Gateway {
    pub(crate) verifier: Verifier,
    pub(crate) dev: bool,
    pub(crate) origins: Origins,
    pub(crate) link: watch::Receiver<LinkState>,
    pub(crate) rpc: Rpc,
    pub(crate) calls: Calls,
    pub(crate) replays: Replays,
    pub(crate) draining: watch::Receiver<bool>,
}

impl Gateway {
    /// The sessions, once there has been a server to begin with.
    pub(crate) fn directory(&self) -> Result<Arc<Directory>, Refusal> {
        if *self.draining.borrow() {
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
            Credentials::Token(token) => self.verify(&token)?,
            Credentials::Cookie(token) => {
                self.origins.check(headers, true)?;
                self.verify(&token)?
            }
            Credentials::Ticket(ticket) => self.redeem(ticket).await?,
        };
        if self.sessions()?.is_revoked(&identity) {
            return Err(Refusal::revoked());
        }
        Ok(identity)
    }

    fn verify(&self, token: &str) -> Result<Identity, Refusal> {
        self.verifier
            .verify(token, clock::now().unix_ms)
            .map_err(|refusal| match refusal {
                TokenRefusal::Expired => Refusal::expired(),
                TokenRefusal::Invalid => Refusal::unauthenticated(refusal.to_string()),
                TokenRefusal::WrongKind => Refusal::forbidden(refusal.to_string()),
            })
    }

    async fn redeem(&self, ticket: String) -> Result<Identity, Refusal> {
        let redeemed = self.rpc.call::<Redeem>(&RedeemParams { ticket }).await;
        match redeemed {
            Ok(identity) => Ok(Identity {
                user: identity.user_id,
                expires_at: identity.token_expires_at,
                jti: identity.jti,
                issued_at: identity.issued_at,
            }),
            Err(CallError::Rpc(error)) => Err(Refusal::unauthenticated(error.message)),
            Err(error) => {
                tracing::warn!(%error, "a ticket cannot be redeemed");
                Err(Refusal::unavailable("a ticket cannot be redeemed now"))
            }
        }
    }
}
