//! A LiveKit server: tokens that let people in, and its RoomService, which is asked who is there and
//! told who has to go (Twirp: a POST with JSON).

use std::{collections::BTreeSet, io, time::Duration};

use antiphon_api::{
    ids::{HuddleId, Principal, UnixMs, UserId},
    methods::huddle::LivekitAccess,
};
use antiphon_token::{SignError, livekit::ApiKey};
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use serde_json::json;

/// How long an answer may take, from the connection to the last byte; then there is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer that is read; a longer one is not understood.
const MAX_ANSWER_BYTES: usize = 1 << 20;

const ROOM_SERVICE: &str = "/twirp/livekit.RoomService/";
/// The state of a participant who has gone and is still listed.
const DISCONNECTED: &str = "DISCONNECTED";

/// Where a LiveKit server is, and the key it shares with us.
pub struct Livekit {
    /// What clients connect to, as it was configured.
    url: String,
    /// What we ask, over HTTP: the path of its methods.
    rooms: String,
    key: ApiKey,
    http: Http,
    /// [`PATIENCE`], unless a test has less.
    pub(super) patience: Duration,
}

enum Http {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// Why a LiveKit server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadLivekit {
    #[error(
        "{url:?} is not the URL of a LiveKit server; expected one as wss://livekit.example.org"
    )]
    Url { url: String },
    #[error("cannot read the certificates this system trusts, needed for https")]
    Certificates(#[source] io::Error),
}

/// Why it is not known who is in a room, or somebody was not put out.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("cannot sign the question")]
    Sign(#[from] SignError),
    #[error("cannot make the request")]
    Request(#[from] http::Error),
    #[error("LiveKit cannot be reached")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("LiveKit has not answered within {} s", PATIENCE.as_secs())]
    Late,
    #[error("LiveKit answered {0}")]
    Refused(StatusCode),
    #[error("LiveKit's answer ended early or is over {MAX_ANSWER_BYTES} bytes")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("LiveKit's answer is not understood")]
    Nonsense(#[from] serde_json::Error),
}

impl AskError {
    /// Whether another question has no better prospects at the moment.
    pub(super) const fn is_for_all_rooms(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Late)
    }
}

#[derive(Deserialize)]
struct Listed {
    participants: Vec<Participant>,
}

#[derive(Deserialize)]
struct Participant {
    identity: String,
    #[serde(default)]
    state: Option<serde_json::Value>,
}

impl Livekit {
    /// `url` begins with ws, wss, http or https.
    ///
    /// # Errors
    /// See [`BadLivekit`].
    pub fn new(url: &str, key: ApiKey) -> Result<Self, BadLivekit> {
        let url = url.trim_end_matches('/');
        let bad = || BadLivekit::Url {
            url: url.to_owned(),
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
        let (scheme, http) = match scheme {
            "ws" | "http" => ("http", Http::plain()),
            "wss" | "https" => ("https", Http::tls().map_err(BadLivekit::Certificates)?),
            _ => return Err(bad()),
        };
        let rooms = format!("{scheme}://{rest}{ROOM_SERVICE}");
        let checked: Uri = rooms.parse().map_err(|_| bad())?;
        if checked.query().is_some() || checked.host().is_none_or(str::is_empty) {
            return Err(bad());
        }
        Ok(Self {
            url: url.to_owned(),
            rooms,
            key,
            http,
            patience: PATIENCE,
        })
    }

    /// What lets a user into a huddle's room.
    pub(crate) fn access(
        &self,
        huddle: HuddleId,
        user: UserId,
        now: UnixMs,
    ) -> Result<LivekitAccess, SignError> {
        let identity = Principal::User(user).to_string();
        Ok(LivekitAccess {
            url: self.url.clone(),
            token: self.key.join(&room(huddle), &identity, now)?,
        })
    }

    /// Who is in a huddle's room.
    pub(super) async fn ask(
        &self,
        huddle: HuddleId,
        now: UnixMs,
    ) -> Result<BTreeSet<UserId>, AskError> {
        let body = json!({ "room": room(huddle) });
        let answer = self.call("ListParticipants", huddle, &body, now).await?;
        let listed: Listed = serde_json::from_slice(&answer)?;
        Ok(listed
            .participants
            .into_iter()
            .filter_map(user_of)
            .collect())
    }

    /// Puts somebody out of a huddle's room.
    pub(super) async fn put_out(
        &self,
        huddle: HuddleId,
        user: UserId,
        now: UnixMs,
    ) -> Result<(), AskError> {
        let identity = Principal::User(user).to_string();
        let body = json!({ "room": room(huddle), "identity": identity });
        let answer = self.call("RemoveParticipant", huddle, &body, now);
        answer.await.map(drop)
    }

    async fn call(
        &self,
        method: &str,
        huddle: HuddleId,
        body: &serde_json::Value,
        now: UnixMs,
    ) -> Result<Bytes, AskError> {
        let token = self.key.ask(&room(huddle), now)?;
        let request = Request::post(format!("{}{method}", self.rooms))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Full::from(body.to_string()))?;
        let answer = async {
            let response = self.http.request(request).await?;
            if response.status() != StatusCode::OK {
                return Err(AskError::Refused(response.status()));
            }
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES);
            Ok(body.collect().await.map_err(AskError::Body)?.to_bytes())
        };
        tokio::time::timeout(self.patience, answer)
            .await
            .unwrap_or(Err(AskError::Late))
    }
}

fn room(huddle: HuddleId) -> String {
    format!("huddle-{huddle}")
}

/// Others (recorders, agents) may be in the room, too.
fn user_of(participant: Participant) -> Option<UserId> {
    if participant.state.is_some_and(|state| state == DISCONNECTED) {
        return None;
    }
    let Principal::User(user) = participant.identity.parse().ok()?;
    Some(user)
}

impl Http {
    fn plain() -> Self {
        Self::Plain(Client::builder(TokioExecutor::new()).build_http())
    }

    fn tls() -> io::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_only()
            .enable_http1()
            .build();
        Ok(Self::Tls(
            Client::builder(TokioExecutor::new()).build(connector),
        ))
    }

    async fn request(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        match self {
            Self::Plain(client) => client.request(request).await,
            Self::Tls(client) => client.request(request).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_token::livekit::ApiKey;

    use super::Livekit;

    fn rooms_of(url: &str) -> Option<String> {
        let key = ApiKey::new("key".into(), b"secret");
        let livekit = Livekit::new(url, key).ok()?;
        Some(livekit.rooms)
    }

    #[test]
    fn a_url_for_browsers_is_asked_over_http() {
        let expected = "http://127.0.0.1:7880/twirp/livekit.RoomService/";
        assert_eq!(rooms_of("ws://127.0.0.1:7880").as_deref(), Some(expected));
        assert_eq!(
            rooms_of("http://127.0.0.1:7880/").as_deref(),
            Some(expected)
        );
        let below = rooms_of("ws://127.0.0.1/livekit").expect("is a URL");
        assert!(below.ends_with("127.0.0.1/livekit/twirp/livekit.RoomService/"));
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        for url in [
            "",
            "livekit",
            "ftp://a",
            "ws://",
            "ws:///x",
            "ws://a b",
            "ws://a/?b=",
        ] {
            assert_eq!(rooms_of(url), None, "{url:?}");
        }
    }
}
