//! What daemons tell whoever watches them, held against what was done with them.

mod apart;
mod calls;
mod documents;
mod streams;

use std::net::TcpStream;

use antiphon_test_support::{
    Begun, Closed, Http, Install, Node, Process, Scrape, Tab, eventually, free_address,
};
use tungstenite::Message;

/// Server and gateway in one process, and where each tells of itself.
struct Watched {
    install: Install,
    node: Node,
    gateway: String,
    server: String,
}

impl Watched {
    fn with(keys: &[&str]) -> Self {
        let install = Install::new();
        let (gateway, server) = (free_address(), free_address());
        let own = [
            format!("gateway.metrics_listen={gateway}"),
            format!("server.metrics_listen={server}"),
        ];
        let own = own.each_ref().map(String::as_str);
        let node = install.serve_with(&[&own, keys].concat());
        Self {
            install,
            node,
            gateway,
            server,
        }
    }

    fn gateway(&self) -> Scrape {
        Scrape::of(&self.gateway)
    }

    fn server(&self) -> Scrape {
        Scrape::of(&self.server)
    }

    /// Waits until the gateway tells `expected` of a series, which may be told a moment later than
    /// a client sees what it counts.
    fn gateway_tells(&self, name: &str, labels: &[(&str, &str)], expected: f64) {
        let mut last = 0.0;
        let what = format!("{name} {labels:?} to be {expected}");
        let reached = || {
            last = self.gateway().value(name, labels);
            (last == expected).then_some(())
        };
        eventually(&what, reached);
    }
}

#[test]
fn tabs_are_counted_by_how_they_began_and_how_they_ended() {
    let watched = Watched::with(&[]);
    let node = &watched.node;
    let start = watched.install.head();
    watched.install.say(1, 3);
    let head = watched.install.head();
    node.catches_up(&watched.install);

    let resumes = |outcome, reason| {
        let labels = [("outcome", outcome), ("reason", reason)];
        watched
            .gateway()
            .value("antiphon_gateway_resumes_total", &labels)
    };
    let fresh = resumes("fresh", "");
    let mut tabs = vec![Begun::of(node, 1, "").tab, Begun::of(node, 2, "").tab];
    tabs.push(Begun::of(node, 1, &format!("pos={start}")).tab);
    tabs.push(Begun::of(node, 1, &format!("pos={head}")).tab);
    tabs.push(Begun::of(node, 1, "pos=0").tab);
    tabs.push(Begun::of(node, 1, &format!("pos={}", head + 1)).tab);
    tabs.push(Begun::of(node, 1, "pos=x").tab);
    tabs.push(Begun::of(node, 1, "resume_from=1").tab);
    assert_eq!(resumes("fresh", "") - fresh, 2.0);
    assert_eq!((resumes("log", ""), resumes("ring", "")), (1.0, 1.0));
    for reason in [
        "expired",
        "unknown_position",
        "bad_parameters",
        "unknown_session",
    ] {
        assert_eq!(resumes("resync", reason), 1.0, "{reason}");
    }
    assert_eq!(resumes("resync", "too_far"), 0.0);
    watched.gateway_tells("antiphon_gateway_tabs", &[], 8.0);
    watched.gateway_tells("antiphon_gateway_tabs_replaying", &[], 0.0);
    // Users 1 and 2, and 3, who looked whether the gateway had caught up.
    watched.gateway_tells("antiphon_gateway_sessions", &[], 3.0);

    let closed = |code, expected| {
        watched.gateway_tells("antiphon_gateway_closes_total", &[("code", code)], expected);
    };
    let lost = watched
        .gateway()
        .value("antiphon_gateway_closes_total", &[("code", "lost")]);
    tabs[0].send_message(Message::binary(vec![1]));
    assert_eq!(tabs[0].end(), Closed::With(4001));
    closed("4001", 1.0);
    tabs[1].close();
    assert_eq!(tabs[1].end(), Closed::WithNothing);
    closed("client", 1.0);
    // Without a mask, against RFC 6455.
    tabs[2].send_bytes(&[0x81, 1, b'x']);
    assert_eq!(tabs[2].end(), Closed::With(1002));
    closed("1002", 1.0);
    drop(tabs.pop());
    closed("lost", lost + 1.0);
    watched.gateway_tells("antiphon_gateway_tabs", &[], 4.0);
    assert_eq!(
        watched.gateway().sum("antiphon_gateway_closes_total"),
        lost + 4.0
    );
    closed("1012", 0.0);
    closed("other", 0.0);
}

#[test]
fn who_is_not_let_in_is_counted_by_the_reason() {
    let watched = Watched::with(&[
        "gateway.caps.tabs_per_user=1",
        "gateway.caps.connections_per_address=6",
    ]);
    let address = &*watched.node.address;
    let refuse = |path: &str, token: &str, reason: &str| {
        let before = watched.gateway();
        let refused = Tab::connect(address, path, &[("Authorization", token)]);
        assert!(refused.is_err(), "{path}");
        let labels = [("reason", reason)];
        let name = "antiphon_gateway_handshakes_refused_total";
        let after = watched.gateway();
        assert_eq!(
            after.value(name, &labels) - before.value(name, &labels),
            1.0
        );
        assert_eq!(after.sum(name) - before.sum(name), 1.0);
    };
    refuse("/ws/user/me", "Bearer nonsense", "unauthenticated");
    refuse("/ws/user/2", "Bearer dev:1", "forbidden");
    let _tab = watched.node.live(1, "");
    refuse("/ws/user/me", "Bearer dev:1", "full");
    assert_eq!(
        watched
            .gateway()
            .value("antiphon_gateway_connections_refused_total", &[]),
        0.0
    );
    let connect = || TcpStream::connect(address).expect("it listens");
    let _held: Vec<_> = std::iter::repeat_with(connect).take(8).collect();
    eventually("two connections too many, and the tab has one", || {
        let told = watched.gateway();
        let refused = told.value("antiphon_gateway_connections_refused_total", &[]);
        (refused >= 3.0).then_some(())
    });
}

#[test]
fn events_are_counted_where_they_are_committed_resolved_sent_and_written() {
    let watched = Watched::with(&[]);
    let mut tabs = [1, 1, 2].map(|user| watched.node.live(user, ""));
    let (before, at_server) = (watched.gateway(), watched.server());
    let from = watched.install.head();
    watched.install.say(1, 20);
    let head = watched.install.head();
    for tab in &mut tabs {
        while antiphon_test_support::pos(&tab.event()) < head {}
    }
    let events = (head - from) as f64;
    let grown = |name: &str, by: f64| {
        let before = before.value(name, &[]);
        watched.gateway_tells(name, &[], before + by);
    };
    grown("antiphon_gateway_written_events_total", 3.0 * events);
    grown("antiphon_gateway_link_events_total", events);
    // Two sessions; the head is where the gateway is.
    grown("antiphon_gateway_ring_events", 2.0 * events);
    watched.gateway_tells("antiphon_gateway_position", &[], head as f64);
    watched.gateway_tells("antiphon_gateway_worst_tab_lag_positions", &[], 0.0);
    let told = watched.gateway();
    assert!(told.value("antiphon_gateway_ring_bytes", &[]) > 2.0 * events * 100.0);
    let bytes = "antiphon_gateway_written_bytes_total";
    let written = told.value(bytes, &[]) - before.value(bytes, &[]);
    assert!(written > 3.0 * events * 100.0, "{written}");

    let after = watched.server();
    let difference = |name: &str| after.value(name, &[]) - at_server.value(name, &[]);
    assert_eq!(difference("antiphon_server_resolved_events_total"), events);
    assert_eq!(difference("antiphon_server_recipients_total"), 3.0 * events);
    assert_eq!(difference("antiphon_server_log_events"), events);
    assert_eq!(difference("antiphon_server_log_head_position"), events);
    assert_eq!(difference("antiphon_server_log_oldest_position"), 0.0);
    assert_eq!(difference("antiphon_server_commit_batch_writes_sum"), 20.0);
    let batches = difference("antiphon_server_commit_batch_writes_count");
    assert!((1.0..=20.0).contains(&batches), "{batches}");
    assert_eq!(difference("antiphon_server_commit_seconds_count"), batches);
    let (whole, commit) = (
        difference("antiphon_server_commit_batch_seconds_sum"),
        difference("antiphon_server_commit_seconds_sum"),
    );
    assert!(0.0 < commit && commit < whole, "{commit} {whole}");
    eventually("as many bytes read from the link as written to it", || {
        let read = watched
            .gateway()
            .value("antiphon_gateway_link_read_bytes_total", &[]);
        let written = watched
            .server()
            .value("antiphon_server_link_written_bytes_total", &[]);
        (read == written).then_some(())
    });
    assert_eq!(after.value("antiphon_server_links", &[]), 1.0);
    assert_eq!(after.value("antiphon_server_writer_queue", &[]), 0.0);
    assert!(after.value("antiphon_server_database_bytes", &[]) > 0.0);
}

#[test]
fn from_commit_to_write_is_measured_once_a_write_and_never_for_what_the_log_had() {
    let watched = Watched::with(&[]);
    let start = watched.install.head();
    let name = "antiphon_gateway_commit_to_write_seconds";
    let count = || watched.gateway().value(&format!("{name}_count"), &[]);
    watched.install.say(1, 5);
    assert_eq!(count(), 0.0, "nobody was there");
    let from_log = Begun::of(&watched.node, 1, &format!("pos={start}"));
    assert_eq!(from_log.outcome().0, "log");
    assert!(from_log.events.len() >= 5);
    assert_eq!(count(), 0.0, "the log does not know when");
    let mut tab = from_log.tab;
    let events = from_log.events.len() as f64;
    watched.gateway_tells("antiphon_gateway_written_events_total", &[], events);
    watched.install.say(1, 1);
    tab.until("message.created");
    watched.gateway_tells(&format!("{name}_count"), &[], 1.0);
    let sum = watched.gateway().value(&format!("{name}_sum"), &[]);
    assert!(0.0 < sum && sum < 5.0, "{sum}");
}

#[test]
fn a_tab_that_does_not_read_lags_until_it_does() {
    let watched = Watched::with(&[]);
    let mut slow = watched.node.live(1, "");
    let mut quick = watched.node.live(2, "");
    let body = "x".repeat(15_000);
    let lag = |told: &Scrape, unit: &str| {
        told.value(&format!("antiphon_gateway_worst_tab_lag_{unit}"), &[])
    };
    let mut last = 0;
    let mut behind = || {
        for _ in 0..50 {
            let sent = watched.install.send(1, 1, &body);
            while last < sent {
                let event = quick.event();
                last = event["data"]["message"]["id"].as_i64().unwrap_or(last);
            }
        }
        let told = watched.gateway();
        (lag(&told, "positions") > 100.0).then(|| lag(&told, "seconds"))
    };
    let first = eventually("the kernel to hold no more", &mut behind);
    let longer = eventually("it to lag longer", || {
        let seconds = lag(&watched.gateway(), "seconds");
        (seconds > first).then_some(seconds)
    });
    assert!(longer < 20.0, "{longer}");
    let head = watched.install.head();
    while antiphon_test_support::pos(&slow.event()) < head {}
    watched.gateway_tells("antiphon_gateway_worst_tab_lag_positions", &[], 0.0);
    watched.gateway_tells("antiphon_gateway_worst_tab_lag_seconds", &[], 0.0);
}

#[test]
fn a_gateway_tells_the_same_at_its_own_address_but_only_who_is_on_its_machine() {
    let watched = Watched::with(&[]);
    let address = &watched.node.address;
    assert_eq!(
        Scrape::of(address).names(),
        Scrape::of(&watched.gateway).names()
    );
    let asked = |name, value| {
        let http = watched.node.http().with_header(name, value);
        http.get("/metrics").expect("answers")
    };
    let nothing = watched.node.http().get("/nothing").expect("answers");
    for (name, value) in [
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
    ] {
        let answer = asked(name, value);
        assert_eq!(
            (answer.status, &answer.body),
            (404, &nothing.body),
            "{name}"
        );
    }
    let posted = watched.node.http().post("/metrics", "").expect("answers");
    assert_eq!((posted.status, posted.header("allow")), (404, None));
    let install = Install::new();
    let unwatched = install.serve_with(&[]);
    let told = Scrape::of(&unwatched.address);
    assert_eq!(
        told.value("antiphon_gateway_link_up", &[]),
        1.0,
        "without a listener, too"
    );
}

#[test]
fn there_is_nothing_but_metrics_and_only_where_it_was_asked_for() {
    let watched = Watched::with(&[]);
    for address in [&watched.gateway, &watched.server] {
        let http = Http::tcp(address);
        let elsewhere = http.get("/rpc").expect("answers");
        assert_eq!(elsewhere.status, 404);
        assert!(elsewhere.body.contains("/metrics"), "{}", elsewhere.body);
        let posted = http.post("/metrics", "").expect("answers");
        assert_eq!(
            (posted.status, posted.header("allow")),
            (405, Some("GET, HEAD"))
        );
    }
    let taken = format!("gateway.metrics_listen={}", watched.gateway);
    let other = Install::new();
    let data = other.data();
    let data = data.to_str().expect("the path is text");
    let args = [
        "serve",
        "--dev",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data,
        "--set",
        &taken,
    ];
    let (code, _, errors) = Process::run(other.folder(), &args);
    assert_eq!(code, 1, "{errors}");
    assert!(errors.contains("gateway.metrics_listen"), "{errors}");
}
