//! A tab on an event stream counts as one on a WebSocket.

use super::Watched;

#[test]
fn an_event_stream_is_counted_as_any_tab() {
    let watched = Watched::with(&[]);
    let mut stream = watched.node.events(1, "", &[]);
    stream.through("live");
    watched.gateway_tells("antiphon_gateway_tabs", &[], 1.0);
    watched.install.say(1, 1);
    stream.through("message.created");
    watched.gateway_tells("antiphon_gateway_written_events_total", &[], 1.0);
    let count = "antiphon_gateway_commit_to_write_seconds_count";
    watched.gateway_tells(count, &[], 1.0);
    let written = watched
        .gateway()
        .value("antiphon_gateway_written_bytes_total", &[]);
    assert!(written > 100.0, "{written}");
    drop(stream);
    let closes = "antiphon_gateway_closes_total";
    watched.gateway_tells(closes, &[("code", "client")], 1.0);
    watched.gateway_tells("antiphon_gateway_tabs", &[], 0.0);
    assert_eq!(watched.gateway().sum(closes), 1.0);
}
