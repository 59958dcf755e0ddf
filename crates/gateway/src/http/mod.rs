//! The gateway's HTTP: from a connection to the room that answers.

mod attach;
mod respond;
mod rpc;
mod server;
mod websocket;

use std::sync::Arc;

use antiphon_api::{
    ids::UserId,
    methods::session::{Redeem, RedeemParams},
};
use antiphon_client::rpc::Rpc;
use antiphon_token::{Identity, Refusal as TokenRefusal, Verifier};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use tokio::sync::watch;

pub(crate) use attach::resume_of;
pub(crate) use respond::{Body, full, not_found, refuse};
pub(crate) use rpc::Calls;
pub(crate) use server::serve;

use crate::{
    auth::{self, Credentials, Origins, Refusal},
    clock,
    directory::Directory,
    link::LinkState,
    page,
    replay::Replays,
};

/// What every request needs.
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
    /// Answers one request.
    async fn respond(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        if self.dev
            && let Err(refusal) = auth::check_loopback_host(request.headers())
        {
            return refuse(&refusal);
        }
        let path = request.uri().path().to_owned();
        match (request.method(), path.as_str()) {
            (&Method::GET, "/healthz") => respond::text(StatusCode::OK, "ok\n"),
            (&Method::GET, "/readyz") => self.ready(),
            (&Method::GET, "/openrpc.json") => self.openrpc().await,
            (&Method::POST, "/rpc") => self.rpc(request).await,
            (&Method::GET, path) if path.starts_with("/ws/user/") => {
                websocket::upgrade(Arc::clone(self), request).await
            }
            (&Method::GET, path) if path.starts_with("/sse/user/") => {
                crate::tab::sse::open(Arc::clone(self), request).await
            }
            (_, "/rpc") => respond::method_not_allowed("POST"),
            (&Method::GET, path) => page::find(path),
            (_, path) if page::exists(path) => respond::method_not_allowed("GET"),
            _ => not_found(),
        }
    }

    fn ready(&self) -> Response<Body> {
        if *self.draining.borrow() {
            respond::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
        } else if self.link.borrow().up {
            respond::text(StatusCode::OK, "ready\n")
        } else {
            respond::text(
                StatusCode::SERVICE_UNAVAILABLE,
                "not linked to the server\n",
            )
        }
    }

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
        uri: &Uri,
    ) -> Result<Identity, Refusal> {
        self.origins.check(headers, false)?;
        let credentials = Credentials::of(headers, &query_of(uri))?;
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
            Err(antiphon_client::rpc::CallError::Rpc(error)) => {
                Err(Refusal::unauthenticated(error.message))
            }
            Err(error) => {
                tracing::warn!(%error, "a ticket cannot be redeemed");
                Err(Refusal::unavailable("a ticket cannot be redeemed now"))
            }
        }
    }
}

/// Whose stream `/ws/user/{who}` asks for.
pub(crate) fn user_of(path: &str, prefix: &str, identity: &Identity) -> Result<UserId, Refusal> {
    let who = path.strip_prefix(prefix).unwrap_or_default();
    if who == "me" || who.parse() == Ok(identity.user.get()) {
        Ok(identity.user)
    } else {
        Err(Refusal::forbidden(
            "the path names another user than the token",
        ))
    }
}

/// The query's parameters, decoded.
pub(crate) fn query_of(uri: &Uri) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned()
    };
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}
