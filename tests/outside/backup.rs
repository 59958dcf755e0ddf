//! A backup under load: writes go on as fast as they are answered while it is made, nobody
//! waits for it, and it is the database at one position, to which the live one's events lead and from
//! which they go on. With `ANTIPHON_BACKUP_RATE` so many answered writes a second are demanded, which
//! `./test --long` does of a release build.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon_api::{
    events::Event,
    ids::{ChannelId, Pos},
    methods::{message, state::SnapshotResult},
};
use antiphon_client::{
    Rpc,
    state::{Equation, State},
};
use antiphon_test_support::{Follower, Install, Node, Process};
use rusqlite::Connection;
use serde_json::json;
use tokio::time::Instant;

/// What is in the database beforehand: messages of this many bytes, for the copy to take a while.
const FILLING: usize = 600;
const FILLING_BYTES: usize = 24 << 10;
/// Who hears what user 1 writes, with counts of what is unread.
const READER: i64 = 2;

/// The writers begin one write after the other at this distance, be the former answered or not.
const STEP: Duration = Duration::from_micros(800);
/// As many writers as writes may be unanswered; with more of them the next wait.
const WRITERS: u32 = 64;
/// A tab is told no more events at once than this.
const MOST: u32 = 15_000;

/// How long a write may take at most, however slow the machine: whoever is kept out of the database for
/// as long is told so.
const BUSY: Duration = Duration::from_secs(5);

/// What writing came to.
#[derive(Debug, Default)]
struct Written {
    answered: usize,
    /// How long the slowest write took.
    longest: Duration,
    took: Duration,
}

fn fill(install: &Install) {
    // Of few words, which are what costs time.
    let text = format!("{} ", "x".repeat(1_000)).repeat(FILLING_BYTES / 1_001);
    for _ in 0..FILLING / 30 {
        let calls = (0..30).map(|id| {
            let params = json!({ "channel_id": 1, "body": text });
            json!({ "jsonrpc": "2.0", "id": id, "method": "message.send", "params": params })
        });
        let calls: Vec<_> = calls.collect();
        let answer = install.user(1).post("/rpc", &json!(calls).to_string());
        assert!(!answer.expect("is answered").body.contains("error"));
    }
}

/// Writes until told to end, on a runtime of its own.
fn write(install: &Install, end: &AtomicBool) -> Written {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let rpc = Rpc::unix(install.run_dir().join("rpc.sock"));
        let rpc = rpc.acting_as(antiphon_api::ids::UserId(1));
        let (begun, next) = (Instant::now(), Arc::new(AtomicU32::new(0)));
        let writer = async || {
            let mut written = Written::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= MOST || end.load(Ordering::SeqCst) {
                    return written;
                }
                let due = begun + STEP * number;
                tokio::time::sleep_until(due).await;
                let params = message::SendParams {
                    channel_id: ChannelId(1),
                    body: format!("write {number}"),
                    thread_id: None,
                };
                let asked = Instant::now();
                let sent = rpc.call::<message::Send>(&params).await;
                sent.expect("is written");
                written.answered += 1;
                written.longest = written.longest.max(asked.elapsed());
            }
        };
        let all = futures_util::future::join_all((0..WRITERS).map(|_| writer())).await;
        Written {
            answered: all.iter().map(|one| one.answered).sum(),
            longest: all.iter().map(|one| one.longest).max().unwrap_or_default(),
            took: begun.elapsed(),
        }
    })
}

/// A user's snapshot as the client reads it.
fn snapshot(install: &Install) -> SnapshotResult {
    let snapshot = install.call(READER, "state.snapshot", json!({}));
    serde_json::from_value(snapshot).expect("is a snapshot")
}

/// A snapshot, brought by what a gateway tells of its user's events after it to `until`.
fn followed(snapshot: &SnapshotResult, node: &Node, until: Pos) -> Equation {
    let mut follower = Follower::new(READER, snapshot.pos.get());
    follower.follow_to_live(&node.address);
    assert!(follower.faults.is_empty(), "{:?}", follower.faults);
    let mut state = State::from(snapshot.clone());
    for event in &follower.events {
        let pos = Pos(event["pos"].as_i64().expect("a position"));
        if pos <= until {
            let event = json!({ "type": event["type"], "data": event["data"] });
            let event: Event = serde_json::from_value(event).expect("is of the catalogue");
            state.apply(Some(pos), &event);
        }
    }
    state.equation()
}

#[test]
fn a_backup_under_writes_is_whole_and_fits_to_the_log_at_both_ends() {
    let (install, node) = Install::running();
    fill(&install);
    let before = snapshot(&install);
    let end = AtomicBool::new(false);
    let (written, took) = std::thread::scope(|scope| {
        let writers = scope.spawn(|| write(&install, &end));
        let first = install.head();
        antiphon_test_support::eventually("writers under way", || {
            (install.head() > first + 100).then_some(())
        });
        let begun = antiphon_test_support::now();
        let data = install.data();
        let args = [
            "backup",
            "copy.db",
            "--data",
            data.to_str().expect("is text"),
        ];
        let (code, output, errors) = Process::run(install.folder(), &args);
        let took = begun.elapsed();
        end.store(true, Ordering::SeqCst);
        assert_eq!(code, 0, "{output}{errors}");
        (writers.join().expect("they write"), took)
    });
    let file = install.folder().join("copy.db");
    let mib = fs::metadata(&file).expect("is there").len() >> 20;
    println!("{mib} MiB copied in {took:?}; meanwhile {written:?}");
    assert!(written.longest < BUSY, "{written:?}");
    let wanted = std::env::var("ANTIPHON_BACKUP_RATE").ok();
    if let Some(wanted) = wanted.and_then(|wanted| wanted.parse::<f64>().ok()) {
        let rate = written.answered as f64 / written.took.as_secs_f64();
        assert!(rate >= wanted, "{rate} writes a second");
    }

    let copy = Connection::open(&file).expect("opens");
    let ask = |sql: &str| copy.query_row(sql, [], |row| row.get::<_, String>(0));
    assert_eq!(ask("PRAGMA integrity_check").expect("is checked"), "ok");
    let head = copy.query_row("SELECT max(pos) FROM log", [], |row| row.get(0));
    let head = Pos(head.expect("a position"));
    drop(copy);

    let mut again = Install::new();
    fs::create_dir_all(again.data()).expect("can be made");
    fs::rename(file, again.database()).expect("is moved");
    again.start_server();
    let of_copy = snapshot(&again);
    let equation = State::from(of_copy.clone()).equation();
    let other = again.start_gateway();
    assert!(before.pos < head);
    let met = followed(&before, &other, head);
    assert_eq!(met, equation, "up to the copy");
    // The copy's server began at a new position; what it holds is of the former.
    let of_copy = SnapshotResult {
        pos: head,
        ..of_copy
    };
    let now = snapshot(&install);
    assert!(head < now.pos, "it went on");
    let met = followed(&of_copy, &node, now.pos);
    assert_eq!(met, State::from(now).equation(), "on from the copy");
}
