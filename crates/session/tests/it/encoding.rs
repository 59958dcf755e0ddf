use antiphon_api::ids::{Pos, Seq};
use antiphon_session::Entry;

fn written(event: &str, seq: Option<i64>) -> Option<String> {
    let entry = Entry::new(Pos(881), event)?;
    let mut out = Vec::new();
    entry.write(seq.map(Seq), &mut out);
    if seq.is_none() {
        assert_eq!(entry.len(), out.len());
    }
    Some(String::from_utf8(out).expect("UTF-8"))
}

#[test]
fn an_entry_is_written_with_its_position_before_its_members() {
    let event = r#"{"ts":1,"type":"a.b"}"#;
    let with = r#"{"seq":13,"pos":881,"ts":1,"type":"a.b"}"#;
    let without = r#"{"pos":881,"ts":1,"type":"a.b"}"#;
    assert_eq!(written(event, Some(13)).as_deref(), Some(with));
    assert_eq!(written(event, None).as_deref(), Some(without));
}

#[test]
fn an_empty_object_is_an_entry_too() {
    for empty in ["{}", " { } "] {
        let text = written(empty, Some(1)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value, serde_json::json!({"seq": 1, "pos": 881}));
    }
}

#[test]
fn what_is_not_an_object_is_not_an_entry() {
    for bad in ["", "{", "}", "[]", "1", "\"{}\"", "null", "{\"a\":1"] {
        assert_eq!(written(bad, None), None, "{bad}");
    }
}
