//! A frame as a line. Nothing here knows an event: whatever a frame carries is told in one way, so
//! an event that is new to this program is told like the others.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    fields::Fields,
    text::{cut, visible},
    time::utc,
};

/// What helps a program and not a reader, beside times, which the event has itself.
const UNTOLD: &[&str] = &["revision", "nonce", "session", "protocol", "server"];

/// How many rows of the terminal one frame may take; what is longer is cut.
const ROWS: usize = 3;

/// When, what, and the essentials, within [`ROWS`] rows of `width` columns; none for a `ping`,
/// which says only that nothing happened.
pub(crate) fn line(frame: &str, width: usize) -> Option<String> {
    let room = width * ROWS;
    let Ok(fields) = serde_json::from_str::<Fields<'_>>(frame) else {
        return Some(cut(&visible(frame), room));
    };
    let kind = fields.get("type").map(word).unwrap_or_default();
    if kind == "ping" {
        return None;
    }
    let ms = fields.get("ts").and_then(|ts| ts.get().parse().ok());
    let when = ms.map_or_else(|| " ".repeat(day_and_time(0).len()), day_and_time);
    let told = match fields.get("data").and_then(Fields::of) {
        Some(data) => essentials(&data),
        None => essentials(&fields),
    };
    Some(cut(
        &format!("{when}  {kind:<16}  {}", told.join(" ")),
        room,
    ))
}

/// Without the year.
fn day_and_time(ms: i64) -> String {
    let whole = utc(ms);
    whole
        .split_once('-')
        .map_or_else(String::new, |(_, rest)| rest.to_owned())
}

/// Numbers and words first, then what people wrote.
fn essentials(data: &Fields<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for (name, value) in &data.0 {
        match Fields::of(value) {
            Some(entity) => {
                let fields = entity.0.iter().map(|(field, value)| match &**field {
                    "id" => (Cow::Owned(format!("{name}_id")), *value),
                    _ => (field.clone(), *value),
                });
                told.extend(fields);
            }
            None => told.push((name.clone(), *value)),
        }
    }
    told.retain(|(name, value)| is_told(name, value));
    let (written, counted): (Vec<_>, Vec<_>) = told
        .into_iter()
        .map(|(name, value)| format!("{}={}", visible(&name), word(value)))
        .partition(|field| field.ends_with('"'));
    counted.into_iter().chain(written).collect()
}

fn is_told(name: &str, value: &RawValue) -> bool {
    let says_something = !matches!(value.get(), "null" | "[]" | "{}" | "\"\"");
    let is_numbering = matches!(name, "type" | "ts" | "seq" | "pos" | "since");
    let is_plumbing =
        name.ends_with("_at") || name.ends_with("_ms") && name != "reconnect_after_ms";
    says_something && !is_numbering && !is_plumbing && !UNTOLD.contains(&name)
}

/// A value on a line; text other than a plain word is quoted.
fn word(value: &RawValue) -> String {
    let Ok(text) = serde_json::from_str::<Cow<'_, str>>(value.get()) else {
        return visible(value.get());
    };
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-');
    if text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!(
        "\"{}\"",
        visible(&text.replace('\\', r"\\").replace('"', "\\\""))
    )
}

#[cfg(test)]
mod tests {
    use super::line;

    fn told(frame: &str) -> String {
        line(frame, 200).expect("a line")
    }

    #[test]
    fn an_event_is_a_line_with_time_type_and_essentials() {
        let frame = r#"{"seq":13,"pos":881,"ts":1763680000123,"type":"message.created","data":
            {"message":{"id":14,"channel_id":1,"author_id":2,"body":"good morning","thread_id":null,
            "created_at":1763680000123,"edited_at":null,"revision":1,"reactions":[],"mentions":[3]},
            "nonce":"k"}}"#;
        assert_eq!(
            told(frame),
            "11-20 23:06:40Z  message.created   message_id=14 channel_id=1 author_id=2 \
             mentions=[3] body=\"good morning\""
        );
    }

    #[test]
    fn an_event_nobody_told_us_of_is_a_line_like_any_other() {
        let frame = r#"{"ts":0,"type":"canvas.torn","data":{"canvas":{"id":4,"title":"Plan B"},
            "by":{"id":2},"score":1.5}}"#;
        assert_eq!(
            told(frame),
            "01-01 00:00:00Z  canvas.torn       canvas_id=4 by_id=2 score=1.5 title=\"Plan B\""
        );
    }

    #[test]
    fn control_frames_are_told_but_for_pings() {
        assert!(told(r#"{"type":"live","seq":1,"pos":2,"replayed":3}"#).ends_with("replayed=3"));
        let hello = r#"{"type":"hello","protocol":1,"session":"s","resumed":"resync","reason":"expired",
            "ping_interval_ms":1,"pong_timeout_ms":2,"server":"0.1"}"#;
        assert!(
            told(hello).ends_with("resumed=resync reason=expired"),
            "{}",
            told(hello)
        );
        let leave = r#"{"type":"going_away","reconnect_after_ms":9}"#;
        assert!(told(leave).ends_with("reconnect_after_ms=9"));
        assert_eq!(line(r#"{"type":"ping","ts":1,"pos":2}"#, 80), None);
    }

    #[test]
    fn nothing_a_user_writes_reaches_the_terminal_as_a_command_or_as_a_field() {
        let frame =
            r#"{"ts":0,"type":"x.y","data":{"\u001b[1m":1,"body":"\u001b[2J\u009b\r\" id=\"7"}}"#;
        let told = told(frame);
        assert!(!told.contains(char::is_control), "{told:?}");
        assert!(
            told.ends_with(r#"body="\u{1b}[2J\u{9b}\r\" id=\"7""#),
            "{told}"
        );
        assert!(!line("\u{1b}[2J", 80).expect("a line").contains('\u{1b}'));
    }

    #[test]
    fn a_frame_takes_no_more_than_its_rows() {
        let body = "語".repeat(300);
        let frame = format!(r#"{{"ts":0,"type":"x.y","data":{{"body":"{body}"}}}}"#);
        for width in [1, 20, 80] {
            let line = line(&frame, width).expect("a line");
            assert!(super::super::text::columns(&line) <= width * super::ROWS);
        }
    }
}
