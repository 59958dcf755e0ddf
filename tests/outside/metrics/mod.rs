//! What daemons tell whoever watches them, held against what was done with them.

mod documents;

use std::{net::TcpStream, time::Duration};

use antiphon_test_support::{
    Begun, Closed, Http, Install, Node, Process, Scrape, Tab, eventually, free_address, now,
};
use serde_json::json;
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
fn what_a_gateway_delivers_late_is_measured_from_the_commit() {
    let apart = Apart::start();
    let mut tab = apart.tab(2);
    apart.gateway_process.signal("STOP");
    apart.install.send(1, 1, "late");
    let sent = now();
    let pause = Duration::from_millis(300);
    eventually("a while", || (sent.elapsed() > pause).then_some(()));
    apart.gateway_process.signal("CONT");
    tab.until("message.created");
    let sum =
        || Scrape::of(&apart.gateway).value("antiphon_gateway_commit_to_write_seconds_sum", &[]);
    let sum = eventually("a delay", || Some(sum()).filter(|sum| *sum > 0.0));
    assert!(sum >= pause.as_secs_f64() && sum < 20.0, "{sum}");
}

#[test]
fn calls_are_counted_by_method_and_outcome_and_replays_on_both_sides() {
    let watched = Watched::with(&[]);
    let before = watched.server();
    let calls = |told: &Scrape, method: &str, code: &str| {
        let labels = [("method", method), ("code", code)];
        let found = told.find("antiphon_server_calls_total", &labels);
        found.unwrap_or_default()
    };
    let alice = watched.node.user(1);
    let statuses = |status: &str| {
        let labels = [("status", status)];
        let told = watched.gateway();
        told.find("antiphon_gateway_calls_total", &labels)
            .unwrap_or_default()
    };
    let ok = statuses("200");
    for _ in 0..3 {
        alice.call("user.me", json!({})).expect("succeeds");
    }
    let missing = json!({ "channel_id": 999_999, "body": "x" });
    assert!(alice.call("message.send", missing).is_err());
    assert!(alice.call("message.send", json!({ "body": 5 })).is_err());
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "user.me" },
        { "jsonrpc": "2.0", "method": "user.me" },
        { "jsonrpc": "2.0", "id": 2, "method": "user.nobody" },
        { "id": 3 },
    ]);
    alice.post("/rpc", &batch.to_string()).expect("answers");
    alice.post("/rpc", "{").expect("answers");
    let mut tab = watched.node.live(1, "");
    tab.call("user.me", json!({})).expect("succeeds");
    let stranger = watched.node.http();
    assert!(stranger.call("user.me", json!({})).is_err());

    let after = watched.server();
    let grown = |method, code| calls(&after, method, code) - calls(&before, method, code);
    assert_eq!(
        grown("user.me", "ok"),
        6.0,
        "alone, in a batch, unheard, by a tab"
    );
    assert_eq!(grown("message.send", "not_found"), 1.0);
    assert_eq!(grown("message.send", "invalid_params"), 1.0);
    assert_eq!(grown("message.send", "ok"), 0.0);
    assert_eq!(grown("unknown", "method_not_found"), 1.0);
    assert_eq!(grown("unknown", "invalid_request"), 1.0);
    assert_eq!(grown("unknown", "parse_error"), 1.0);
    let times = after.value(
        "antiphon_server_call_seconds_count",
        &[("method", "user.me")],
    );
    let me = before.find(
        "antiphon_server_call_seconds_count",
        &[("method", "user.me")],
    );
    assert_eq!(times - me.unwrap_or_default(), 6.0);
    // A JSON-RPC error of the request itself is 200, as is a batch.
    assert_eq!(statuses("200") - ok, 3.0 + 1.0 + 1.0 + 1.0 + 1.0);
    assert_eq!((statuses("404"), statuses("401")), (1.0, 1.0));

    let head = watched.install.head();
    watched.install.say(1, 600);
    watched.node.catches_up(&watched.install);
    let begun = Begun::of(&watched.node, 3, &format!("pos={head}"));
    let begun = begun.events.len() as f64;
    let asked = |asked, outcome| [("asked", asked), ("outcome", outcome)];
    let (gateway, server) = (watched.gateway(), watched.server());
    for (told, daemon) in [(&gateway, "gateway"), (&server, "server")] {
        let pages = format!("antiphon_{daemon}_replays_total");
        assert_eq!(
            told.value(&pages, &asked("resume", "page")),
            1.0,
            "{daemon}"
        );
        assert_eq!(
            told.value(&pages, &asked("further", "page")),
            1.0,
            "{daemon}"
        );
        let events = told.value(&format!("antiphon_{daemon}_replayed_events_total"), &[]);
        assert!(events >= begun, "{daemon}: {events} of {begun}");
    }
    Begun::of(&watched.node, 3, "pos=0");
    let labels = asked("resume", "refused");
    watched.gateway_tells("antiphon_gateway_replays_total", &labels, 1.0);
    let labels = asked("resume", "expired");
    let told = watched.server();
    assert_eq!(told.value("antiphon_server_replays_total", &labels), 1.0);
}

#[test]
fn names_that_a_client_makes_up_make_no_series() {
    let watched = Watched::with(&[]);
    let alice = watched.node.user(1);
    let call = |method: &str| {
        assert!(alice.call(method, json!({})).is_err(), "{method}");
    };
    call("user.nobody");
    let before = watched.server();
    let count = |told: &Scrape| told.series("antiphon_server_calls_total").len();
    for number in 0..200 {
        call(&format!("no.method_{number}"));
    }
    let long = "x".repeat(10_000);
    for hostile in [
        "",
        "a\"} 1\n# EOF\n",
        "\\",
        "\u{0}\u{202e}",
        "unknown",
        "ok",
        &long,
    ] {
        call(hostile);
    }
    let after = watched.server();
    assert_eq!(count(&after), count(&before));
    let labels = [("method", "unknown"), ("code", "method_not_found")];
    let calls = after.value("antiphon_server_calls_total", &labels);
    assert_eq!(calls, 208.0);
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

/// Server and gateway in processes of their own.
struct Apart {
    install: Install,
    server_process: Process,
    gateway_process: Process,
    address: String,
    gateway: String,
    server: String,
}

impl Apart {
    fn start() -> Self {
        let install = Install::new();
        let (gateway, server) = (free_address(), free_address());
        let set = format!("server.metrics_listen={server}");
        let data = install.data();
        let data = data.to_str().expect("the path is text");
        let args = ["server", "--dev", "--data", data, "--set", &set];
        let mut server_process = Process::start(install.folder(), &args);
        server_process.says("ready");
        let set = format!("gateway.metrics_listen={gateway}");
        let run = install.run_dir();
        let run = run.to_str().expect("the path is text");
        let args = [
            "gateway",
            "--dev",
            "--server",
            run,
            "--listen",
            "127.0.0.1:0",
            "--set",
            &set,
        ];
        let mut gateway_process = Process::start(install.folder(), &args);
        let line = gateway_process.says("http://");
        let address = line.split("http://").nth(1).expect("an address");
        let apart = Self {
            address: address.trim_end_matches('/').to_owned(),
            install,
            server_process,
            gateway_process,
            gateway,
            server,
        };
        let up = || Scrape::of(&apart.gateway).value("antiphon_gateway_link_up", &[]);
        eventually("a link", || (up() == 1.0).then_some(()));
        apart
    }

    fn tab(&self, user: i64) -> Tab {
        let bearer = format!("Bearer dev:{user}");
        let tab = Tab::connect(&self.address, "/ws/user/me", &[("Authorization", &bearer)]);
        let mut tab = tab.expect("is let in");
        tab.until("live");
        tab
    }

    /// What the server tells of its gateways' lag.
    fn lags(&self, unit: &str) -> Vec<f64> {
        let told = Scrape::of(&self.server);
        let series = told.series(&format!("antiphon_server_gateway_lag_{unit}"));
        series.iter().map(|(_, value)| *value).collect()
    }
}

#[test]
fn a_gateway_that_stands_still_lags_and_is_told_of_no_more_when_it_has_gone() {
    let mut apart = Apart::start();
    assert_eq!(
        (apart.lags("positions"), apart.lags("seconds")),
        (vec![0.0], vec![0.0])
    );
    apart.gateway_process.signal("STOP");
    let body = "x".repeat(15_000);
    eventually("the socket to be full", || {
        let sent: Vec<i64> = (0..50).map(|_| apart.install.send(1, 1, &body)).collect();
        let told = (apart.lags("positions")[0], apart.lags("seconds")[0]);
        (told.0 >= sent.len() as f64 && told.1 > 0.0).then_some(())
    });
    apart.gateway_process.signal("CONT");
    eventually("it to catch up", || {
        let told = (apart.lags("positions"), apart.lags("seconds"));
        (told == (vec![0.0], vec![0.0])).then_some(())
    });
    apart.gateway_process.kill();
    eventually("it to be gone", || {
        apart.lags("positions").is_empty().then_some(())
    });
    let links = Scrape::of(&apart.server).value("antiphon_server_links", &[]);
    assert_eq!(links, 0.0);
}

#[test]
fn a_lost_link_is_told() {
    let mut apart = Apart::start();
    apart.server_process.kill();
    eventually("the loss", || {
        let told = Scrape::of(&apart.gateway);
        let up = told.value("antiphon_gateway_link_up", &[]);
        let losses = told.value("antiphon_gateway_link_losses_total", &[]);
        ((up, losses) == (0.0, 1.0)).then_some(())
    });
    let told = Scrape::of(&apart.gateway);
    assert!(told.value("process_open_fds", &[]) > 5.0);
    assert!(told.value("process_resident_memory_bytes", &[]) > 1e6);
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
    let public = watched.node.http().get("/metrics").expect("answers");
    assert_eq!(public.status, 404, "clients are told nothing");
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
