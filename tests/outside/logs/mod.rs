//! What is logged, and what never is: everything is done with everything logged, and then no token,
//! ticket, cookie, key or text that somebody wrote is in any line.

mod everything;
mod lines;

use antiphon_test_support::{Install, Process};
use serde_json::{Value, json};

use self::{
    everything::{Everything, MARK},
    lines::{lines, said},
};

#[test]
fn no_secret_is_ever_logged_whatever_is_done_and_however_much_is_logged() {
    let mut everything = Everything::begin();
    everything.every_method_over_every_way_in();
    everything.every_way_to_show_who_one_is();
    everything.what_makes_no_sense();
    everything.looking_after_it();
    everything.leaving_and_coming_back();
    everything.a_crash_with_calls_under_way();
    everything.what_ends_things();
    everything.the_end();

    let text = said(everything.folder());
    for secret in everything.secrets() {
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
    // The tickets of the canary and of the doctor are known to nobody here.
    for mark in ["ticket=", r#""ticket":"#] {
        let line = text.lines().find(|line| line.contains(mark));
        assert_eq!(line, None, "a ticket is in the log");
    }
    let lines = lines(everything.folder());
    for level in ["WARN", "INFO", "DEBUG", "TRACE"] {
        let count = lines.iter().filter(|line| line["level"] == level).count();
        assert!(count > 0, "no {level}");
    }
    let own = |line: &Value| {
        let target = line["target"].as_str().expect("a target");
        target.starts_with("antiphon") || matches!(line["level"].as_str(), Some("INFO" | "WARN"))
    };
    assert!(lines.iter().all(own), "libraries say nothing below info");
}

/// Whether a line has a span in which all of this is said.
fn is_about(line: &Value, about: &[(&str, Value)]) -> bool {
    let spans = line["spans"].as_array().map_or(&[][..], Vec::as_slice);
    spans
        .iter()
        .any(|span| about.iter().all(|(name, value)| span[*name] == *value))
}

#[test]
fn a_call_is_found_under_one_id_in_the_logs_of_both_daemons() {
    let mut everything = Everything::begin();
    let http = everything
        .bearer(2)
        .with_header("Antiphon-Request-Id", "find-me-1");
    let sent = http.call("message.send", json!({ "channel_id": 1, "body": MARK }));
    sent.expect("is sent");
    let (mut tab, session) = everything.tab(3);
    let refused = tab.call("message.get", json!({ "message_id": 999 }));
    let refused = refused.expect_err("is absent");
    let id = &refused["data"]["request_id"];
    tab.close();
    tab.end();
    everything.the_end();

    let lines = lines(everything.folder());
    let found = |target: &str, about: &[(&str, Value)]| -> Vec<&Value> {
        let here = lines.iter().filter(|line| {
            line["target"]
                .as_str()
                .is_some_and(|of| of.starts_with(target))
                && is_about(line, about)
        });
        here.collect()
    };
    let of_http = [("request_id", json!("find-me-1")), ("user_id", json!(2))];
    assert!(!found("antiphon_gateway", &of_http).is_empty());
    let method = ("method", json!("message.send"));
    let [one, other] = of_http;
    assert!(!found("antiphon_server", &[one, other, method]).is_empty());

    let (request, user) = (("request_id", id.clone()), ("user_id", json!(3)));
    let method = ("method", json!("message.get"));
    let at_server = found("antiphon_server", &[request.clone(), user.clone(), method]);
    let failed = |line: &&&Value| line["code"] == -32004 && line["ms"].is_u64();
    assert_eq!(at_server.iter().filter(failed).count(), 1, "{at_server:?}");
    let session = ("session", session);
    let at_gateway = found(
        "antiphon_gateway",
        &[request, user.clone(), session.clone()],
    );
    assert!(
        at_gateway.iter().any(|line| line["ms"].is_u64()),
        "{at_gateway:?}"
    );
    let tab = at_gateway[0]["spans"][0]["tab"].clone();
    assert!(tab.is_u64(), "{at_gateway:?}");
    let of_tab = found("antiphon_gateway", &[user, session, ("tab", tab)]);
    let told: Vec<_> = of_tab.iter().map(|line| line["message"].as_str()).collect();
    let ways = ["a tab was attached", "a call was answered", "a tab left"];
    for message in ways {
        assert!(told.contains(&Some(message)), "{message}: {told:?}");
    }
}

#[test]
fn a_development_token_is_not_logged_either() {
    let install = Install::new();
    let mut both = install.serve("trace");
    assert!(both.user(3).call("user.me", json!({})).is_ok());
    drop(both.live(3, ""));
    both.process.signal("TERM");
    assert!(both.process.wait().success());
    let text = said(install.folder());
    assert!(text.contains("TRACE") && !text.contains("dev:3"), "{text}");
}

/// Starts `antiphon serve` with `JOURNAL_STREAM` as a shell makes it; what it says.
fn under_a_journal(stream: &str) -> String {
    let install = Install::new();
    let script = format!("JOURNAL_STREAM={stream} exec \"$0\" \"$@\"");
    let binary = antiphon_test_support::binary();
    let binary = binary.to_str().expect("is text");
    let data = install.data();
    let data = data.to_str().expect("is text");
    let listen = ["--listen", "127.0.0.1:0", "--set", "log.format=auto"];
    let args = ["-c", &script, binary, "serve", "--dev", "--data", data];
    let args: Vec<&str> = args.into_iter().chain(listen).collect();
    let mut process = Process::start_other(install.folder(), "sh".as_ref(), &args, "");
    process.says("ready");
    process.signal("TERM");
    assert!(process.wait().success());
    process.errors()
}

#[test]
fn the_journal_is_spoken_to_only_where_it_reads_and_its_absence_stops_nobody() {
    let unreached = "the journal cannot be reached";
    let ours = under_a_journal("$(stat -Lc %d:%i /proc/self/fd/2)");
    if std::path::Path::new("/run/systemd/journal/socket").exists() {
        assert_eq!(ours, "", "all of it is in the journal");
    } else {
        assert!(
            ours.contains(unreached) && ours.contains("the server listens"),
            "{ours}"
        );
    }
    for elsewhere in ["1:2", "nonsense"] {
        let lines = under_a_journal(elsewhere);
        assert!(!lines.contains(unreached), "{lines}");
        let first = lines.lines().next().expect("a line");
        let first: Value = serde_json::from_str(first).expect("is JSON");
        assert_eq!(first["level"], "INFO");
    }
}
