use antiphon_api::{
    events::Keep,
    frame::Visibility,
    identity::Revocation,
    ids::{Pos, Principal, UnixMs, UnixUs, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version of this protocol, told in both hellos.
pub const LINK_VERSION: u32 = 1;

/// From a gateway to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromGateway {
    /// Always first. `boot` names this process of the gateway; `after` is how far it has read.
    Hello {
        v: u32,
        gateway: String,
        boot: String,
        after: Option<Pos>,
    },
    /// Which tabs are there: what changed, or the full set.
    Leases {
        full: bool,
        changes: Vec<LeaseChange>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseChange {
    pub principal: Principal,
    /// Unique within one `boot`.
    pub tab: u64,
    pub state: LeaseState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseState {
    Visible,
    Hidden,
    Closed,
}

impl From<Visibility> for LeaseState {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Visible => Self::Visible,
            Visibility::Hidden => Self::Hidden,
        }
    }
}

/// From the server to a gateway.
#[derive(Clone, Debug)]
pub enum FromServer {
    /// Always first. `reset`: the gateway's `after` is not a position of this log, so everything
    /// it knows is void.
    Hello {
        v: u32,
        head: Pos,
        oldest: Pos,
        reset: bool,
    },
    /// The link is alive; moves no position.
    Heartbeat {
        head: Pos,
    },
    Revoke(Revocation),
    Envelope(Envelope),
}

/// An event and who is to have it.
#[derive(Clone, Debug, Serialize)]
pub struct Envelope {
    /// Absent from an ephemeral event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos: Option<Pos>,
    pub keep: Keep,
    pub to: Recipients,
    /// Of two waiting ephemeral events with the same key a slow tab gets only the newer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When the event was committed, by the server's wall clock: what a gateway measures its delay
    /// from. Server and gateway are on one machine and share that clock. Absent from an ephemeral
    /// event, and from one that was read back from the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed_us: Option<UnixUs>,
    pub event: Box<RawValue>,
}

/// Who an envelope is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Recipients {
    Users(Vec<UserId>),
    Everyone(Everyone),
}

/// The string `"*"`: every user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Everyone {
    #[default]
    #[serde(rename = "*")]
    All,
}

/// A message of the server that is JSON but not of this protocol.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    #[error("the message is not JSON of this protocol")]
    Json(#[source] serde_json::Error),
    #[error("a {0} without its fields")]
    Incomplete(&'static str),
    #[error("a message of unknown type {0:?}")]
    Unknown(String),
}

/// Every field any message of the server has. An envelope has no `type`, so the messages are not
/// a tagged enum, and an untagged one could not carry raw JSON.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(rename = "type")]
    kind: Option<String>,
    v: Option<u32>,
    head: Option<Pos>,
    oldest: Option<Pos>,
    reset: Option<bool>,
    principal: Option<Principal>,
    jti: Option<String>,
    before: Option<UnixMs>,
    until: Option<UnixMs>,
    pos: Option<Pos>,
    keep: Option<Keep>,
    to: Option<Recipients>,
    key: Option<String>,
    committed_us: Option<UnixUs>,
    event: Option<Box<RawValue>>,
}

impl FromServer {
    /// Reads one message. Unknown fields are ignored; an unknown type is an error.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let fields: Fields = serde_json::from_slice(bytes).map_err(Malformed::Json)?;
        match fields.kind.as_deref() {
            None => fields.envelope().ok_or(Malformed::Incomplete("envelope")),
            Some("hello") => fields.hello().ok_or(Malformed::Incomplete("hello")),
            Some("heartbeat") => fields
                .head
                .map(|head| Self::Heartbeat { head })
                .ok_or(Malformed::Incomplete("heartbeat")),
            Some("revoke") => fields.revoke().ok_or(Malformed::Incomplete("revoke")),
            Some(unknown) => Err(Malformed::Unknown(unknown.to_owned())),
        }
    }
}

impl Fields {
    fn envelope(self) -> Option<FromServer> {
        let keep = self.keep?;
        if (keep == Keep::Log) != self.pos.is_some() {
            return None;
        }
        Some(FromServer::Envelope(Envelope {
            pos: self.pos,
            keep,
            to: self.to?,
            key: self.key,
            committed_us: self.committed_us,
            event: self.event?,
        }))
    }

    fn hello(self) -> Option<FromServer> {
        Some(FromServer::Hello {
            v: self.v?,
            head: self.head?,
            oldest: self.oldest?,
            reset: self.reset?,
        })
    }

    fn revoke(self) -> Option<FromServer> {
        Some(FromServer::Revoke(Revocation {
            principal: self.principal?,
            jti: self.jti,
            before: self.before?,
            until: self.until?,
        }))
    }
}

impl Serialize for FromServer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Control<'a> {
            Hello {
                v: u32,
                head: Pos,
                oldest: Pos,
                reset: bool,
            },
            Heartbeat {
                head: Pos,
            },
            Revoke(&'a Revocation),
        }
        let control = match self {
            Self::Envelope(envelope) => return envelope.serialize(serializer),
            Self::Hello {
                v,
                head,
                oldest,
                reset,
            } => Control::Hello {
                v: *v,
                head: *head,
                oldest: *oldest,
                reset: *reset,
            },
            Self::Heartbeat { head } => Control::Heartbeat { head: *head },
            Self::Revoke(revocation) => Control::Revoke(revocation),
        };
        control.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::{FromServer, Recipients};

    fn round_trip(text: &str) -> String {
        let message = FromServer::decode(text.as_bytes()).expect("decodes");
        serde_json::to_string(&message).expect("encodes")
    }

    #[test]
    fn every_message_of_the_server_reads_back_as_it_was_written() {
        for text in [
            r#"{"type":"hello","v":1,"head":9,"oldest":2,"reset":false}"#,
            r#"{"type":"heartbeat","head":9}"#,
            r#"{"type":"revoke","principal":"user:42","jti":null,"before":5,"until":9}"#,
            r#"{"pos":881,"keep":"log","to":[1,2],"event":{"type":"a.b","data": {}}}"#,
            r#"{"pos":881,"keep":"log","to":[1],"committed_us":1795284000000001,"event":{}}"#,
            r#"{"keep":"none","to":"*","key":"typing:1:2","event":{}}"#,
        ] {
            assert_eq!(round_trip(text), text);
        }
    }

    #[test]
    fn a_log_envelope_without_a_position_is_malformed() {
        assert!(FromServer::decode(br#"{"keep":"log","to":[1],"event":{}}"#).is_err());
        assert!(FromServer::decode(br#"{"keep":"none","pos":1,"to":[1],"event":{}}"#).is_err());
        assert!(FromServer::decode(br#"{"type":"future"}"#).is_err());
    }

    #[test]
    fn recipients_are_user_ids_or_everyone() {
        let parse = |text: &str| serde_json::from_str::<Recipients>(text);
        assert!(parse("[1,2]").is_ok());
        assert!(parse("\"*\"").is_ok());
        assert!(parse("\"all\"").is_err());
        assert!(parse("[0]").is_err());
    }
}
