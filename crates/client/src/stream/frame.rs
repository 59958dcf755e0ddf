//! What a tab receives, told apart.

use std::borrow::Cow;

use antiphon_api::{
    events::Event,
    frame::ServerFrame,
    ids::{Pos, Seq, UnixMs},
    jsonrpc::Response,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// One frame from the gateway.
#[derive(Debug)]
pub struct Frame {
    /// The frame as it came.
    pub raw: Utf8Bytes,
    pub content: Content,
}

/// What a frame says.
#[derive(Debug)]
pub enum Content {
    Control(ServerFrame<'static>),
    Event(EventFrame),
    /// The answer to a call made over this connection.
    Answer(Response),
    /// Of a type this client does not know; to be ignored.
    Unknown,
}

/// An event with its numbers.
#[derive(Clone, Debug)]
pub struct EventFrame {
    /// Its number in the session; none when it came from the log, or is ephemeral.
    pub seq: Option<Seq>,
    /// Its place in the log; none when it is ephemeral.
    pub pos: Option<Pos>,
    pub ts: UnixMs,
    /// What happened, unless this client knows no such event; its numbers count all the same.
    pub event: Option<Box<Event>>,
    /// The frame as it came.
    pub raw: Utf8Bytes,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    jsonrpc: Option<&'a RawValue>,
    seq: Option<Seq>,
    pos: Option<Pos>,
    ts: Option<UnixMs>,
}

impl Frame {
    /// Reads a frame; what cannot be read is [`Content::Unknown`].
    #[must_use]
    pub fn read(raw: Utf8Bytes) -> Self {
        let content = content(&raw).unwrap_or(Content::Unknown);
        Self { raw, content }
    }
}

fn content(raw: &Utf8Bytes) -> Option<Content> {
    let head: Head<'_> = serde_json::from_str(raw).ok()?;
    if head.jsonrpc.is_some() {
        return serde_json::from_str(raw).ok().map(Content::Answer);
    }
    if !head.kind?.contains('.') {
        return serde_json::from_str(raw).ok().map(Content::Control);
    }
    Some(Content::Event(EventFrame {
        seq: head.seq,
        pos: head.pos,
        ts: head.ts?,
        event: serde_json::from_str(raw).ok(),
        raw: raw.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use antiphon_api::{
        events::Event,
        frame::ServerFrame,
        ids::{Pos, Seq},
    };

    use super::{Content, EventFrame, Frame};

    fn event(text: &'static str) -> EventFrame {
        match Frame::read(text.into()).content {
            Content::Event(event) => event,
            other @ (Content::Control(_) | Content::Answer(_) | Content::Unknown) => {
                panic!("{other:?} is no event")
            }
        }
    }

    #[test]
    fn a_type_with_a_dot_is_an_event_with_its_numbers() {
        let read = event(
            r#"{"seq":13,"pos":881,"ts":5,"type":"channel.member_joined","data":{"channel_id":1,"user_id":2}}"#,
        );
        assert_eq!((read.seq, read.pos), (Some(Seq(13)), Some(Pos(881))));
        assert!(matches!(
            read.event.as_deref(),
            Some(Event::ChannelMemberJoined(_))
        ));
    }

    #[test]
    fn an_event_nobody_told_us_of_keeps_its_numbers() {
        let read = event(r#"{"seq":14,"pos":882,"ts":5,"type":"huddle.started","data":{"x":1}}"#);
        assert_eq!((read.seq, read.pos), (Some(Seq(14)), Some(Pos(882))));
        assert_eq!(read.event, None);
    }

    #[test]
    fn a_control_frame_may_carry_fields_that_are_new_to_us() {
        let frame =
            Frame::read(r#"{"type":"live","seq":1,"pos":2,"replayed":0,"mood":"good"}"#.into());
        assert!(matches!(
            frame.content,
            Content::Control(ServerFrame::Live { pos: Pos(2), .. })
        ));
    }

    #[test]
    fn an_answer_is_known_by_jsonrpc() {
        let frame = Frame::read(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#.into());
        assert!(matches!(frame.content, Content::Answer(_)));
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        for text in [r#"{"type":"confetti"}"#, "{}", "nonsense", r#"{"type":7}"#] {
            assert!(matches!(Frame::read(text.into()).content, Content::Unknown));
        }
    }
}
