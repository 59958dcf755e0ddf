//! The least of a gateway: a link to events.sock.

use antiphon_api::{
    events::Keep,
    identity::Revocation,
    ids::{Pos, Principal, UserId},
};
use antiphon_server::EVENTS_SOCKET;
use antiphon_wire::{
    Decoder, Envelope, FromGateway, FromServer, LINK_VERSION, LeaseChange, LeaseState, Recipients,
    encode,
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::{House, soon};

pub(crate) struct Link {
    stream: UnixStream,
    decoder: Decoder,
}

/// What the server's hello says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) head: Pos,
    pub(crate) oldest: Pos,
    pub(crate) reset: bool,
}

impl Link {
    /// Connects and says nothing.
    pub(crate) async fn silent(house: &House) -> Self {
        let stream = UnixStream::connect(house.socket(EVENTS_SOCKET))
            .await
            .expect("connects");
        Self {
            stream,
            decoder: Decoder::default(),
        }
    }

    pub(crate) async fn open(house: &House, boot: &str, after: Option<Pos>) -> (Self, Greeting) {
        let mut link = Self::silent(house).await;
        let hello = FromGateway::Hello {
            v: LINK_VERSION,
            gateway: "test".to_owned(),
            boot: boot.to_owned(),
            after,
        };
        link.say(&hello).await;
        match link.next().await {
            Some(FromServer::Hello {
                v: LINK_VERSION,
                head,
                oldest,
                reset,
            }) => {
                let greeting = Greeting {
                    head,
                    oldest,
                    reset,
                };
                (link, greeting)
            }
            other => panic!("not a hello: {other:?}"),
        }
    }

    pub(crate) async fn say(&mut self, message: &FromGateway) {
        let mut bytes = Vec::new();
        encode(message, &mut bytes).expect("encodes");
        self.write(&bytes).await;
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("writes");
    }

    pub(crate) async fn leases(&mut self, full: bool, tabs: &[(i64, u64, LeaseState)]) {
        let change = |(user, tab, state): &(i64, u64, LeaseState)| LeaseChange {
            principal: Principal::User(UserId(*user)),
            tab: *tab,
            state: *state,
        };
        let changes = tabs.iter().map(change).collect();
        self.say(&FromGateway::Leases { full, changes }).await;
    }

    /// The server's next message; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<FromServer> {
        soon("a message on the link", async {
            loop {
                if let Some(message) = self.decoder.next_message().expect("is well formed") {
                    return Some(FromServer::decode(&message).expect("is of this protocol"));
                }
                match self.stream.read_buf(self.decoder.buffer()).await {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        })
        .await
    }

    /// The next message that is no heartbeat.
    pub(crate) async fn word(&mut self) -> FromServer {
        let word = async {
            loop {
                match self.next().await {
                    Some(FromServer::Heartbeat { .. }) => {}
                    Some(message) => return message,
                    None => panic!("the server ended the link"),
                }
            }
        };
        soon("more than heartbeats", word).await
    }

    /// The next revocation, whose user may have heard of it before.
    pub(crate) async fn revocation(&mut self) -> Revocation {
        loop {
            match self.word().await {
                FromServer::Revoke(revocation) => return revocation,
                FromServer::Envelope(envelope) => {
                    assert_eq!(Heard::from(envelope).kind(), "token.revoked");
                }
                FromServer::Hello { .. } | FromServer::Heartbeat { .. } => {
                    panic!("not a revocation");
                }
            }
        }
    }

    pub(crate) async fn envelope(&mut self) -> Heard {
        let word = self.word().await;
        let FromServer::Envelope(envelope) = word else {
            panic!("not an envelope: {word:?}");
        };
        envelope.into()
    }

    /// The next ephemeral event.
    pub(crate) async fn ephemeral(&mut self) -> Heard {
        loop {
            let heard = self.envelope().await;
            if heard.pos.is_none() {
                return heard;
            }
        }
    }

    /// Every log event up to `last`.
    pub(crate) async fn until(&mut self, last: Pos) -> Vec<Heard> {
        let mut heard: Vec<Heard> = Vec::new();
        while heard.last().and_then(|heard| heard.pos) < Some(last) {
            match self.word().await {
                FromServer::Envelope(next) if next.pos.is_some() => heard.push(next.into()),
                FromServer::Envelope(_) | FromServer::Revoke(_) => {}
                FromServer::Hello { .. } | FromServer::Heartbeat { .. } => {
                    panic!("not an event");
                }
            }
        }
        heard
    }

    /// Every log event there was up to now, as type and recipients.
    pub(crate) async fn so_far(&mut self, house: &House) -> Vec<Heard> {
        let health = super::must(&house.operator(), "server.health", serde_json::json!({})).await;
        let head = health["head"].as_i64().expect("a position");
        self.until(Pos(head)).await
    }

    pub(crate) async fn ended(mut self) -> bool {
        while let Some(message) = self.next().await {
            drop(message);
        }
        true
    }
}

/// An envelope as a gateway has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) pos: Option<Pos>,
    pub(crate) to: Vec<i64>,
    pub(crate) key: Option<String>,
    pub(crate) event: Value,
}

impl Heard {
    pub(crate) fn kind(&self) -> &str {
        self.event["type"].as_str().unwrap_or_default()
    }

    pub(crate) fn data(&self) -> &Value {
        &self.event["data"]
    }
}

impl From<Envelope> for Heard {
    fn from(envelope: Envelope) -> Self {
        assert_eq!(envelope.keep == Keep::Log, envelope.pos.is_some());
        let Recipients::Users(to) = envelope.to else {
            panic!("nothing is for everyone yet");
        };
        Self {
            pos: envelope.pos,
            to: to.into_iter().map(UserId::get).collect(),
            key: envelope.key,
            event: serde_json::from_str(envelope.event.get()).expect("an event is JSON"),
        }
    }
}
