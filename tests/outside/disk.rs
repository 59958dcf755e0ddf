//! A full disk: what was answered is kept, what was not is said to be undecided, and there is no
//! event without a commit. A limit on the size of files stands in for the disk, as any user may
//! set one.

use std::{collections::BTreeMap, thread, time::Duration};

use antiphon_test_support::{Http, Install, Process};
use serde_json::{Value, json};

/// The largest file, in blocks of 512 bytes: the write-ahead log reaches it soon.
const BLOCKS: u32 = 4_096;
const WRITERS: usize = 4;

/// What a writer was told of each key.
type Told = BTreeMap<String, Result<Value, Option<Value>>>;

/// Writes until told that there is no writing any more.
fn write(http: &Http, number: usize) -> Told {
    let mut told = Told::new();
    for count in 0..2_000 {
        let key = format!("{number}-{count}");
        let answer = http.try_call("message.send", params(&key));
        let result = match answer {
            Ok(answer) => answer.map_err(Some),
            Err(_) => Err(None),
        };
        let ended = result.is_err();
        told.insert(key, result);
        if ended {
            return told;
        }
    }
    panic!("the disk was never full");
}

fn params(key: &str) -> Value {
    let body = format!("{key} {}", "x".repeat(4_000));
    json!({ "channel_id": 1, "body": body, "idempotency_key": key })
}

fn rows(install: &Install, key: &str) -> (i64, i64) {
    let database = rusqlite::Connection::open(install.database()).expect("it opens");
    let count = |statement: &str| {
        let bound = format!("{key} %");
        let row = database.query_row(statement, [bound], |row| row.get::<_, i64>(0));
        row.expect("the statement runs")
    };
    (
        count("SELECT count(*) FROM message WHERE body LIKE ?1"),
        count(
            "SELECT count(*) FROM log WHERE event ->> '$.type' = 'message.created'
               AND event ->> '$.data.message.body' LIKE ?1",
        ),
    )
}

#[test]
fn on_a_full_disk_the_server_says_what_is_undecided_and_ends_and_nothing_answered_is_lost() {
    let mut install = Install::new();
    let data = install.data();
    let args = ["server", "--dev", "--data", data.to_str().expect("is text")];
    let mut server = Process::start_with_small_files(install.folder(), BLOCKS, &args);
    server.says("ready");
    let node = install.start_gateway();
    let mut tab = node.live(2, "");
    let user = install.user(1);
    let told: Told = thread::scope(|scope| {
        let user = &user;
        let writing: Vec<_> = (0..WRITERS)
            .map(|number| scope.spawn(move || write(user, number)))
            .collect();
        let told = writing
            .into_iter()
            .map(|writer| writer.join().expect("it ends well"));
        told.flatten().collect()
    });
    let status = server.wait();
    assert_eq!(status.code(), Some(1), "{}", server.errors());
    let last = server.errors();
    let last = last.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("antiphon: the database failed: "),
        "{last}"
    );
    let failures: Vec<&Value> = told
        .values()
        .filter_map(|one| one.as_ref().err()?.as_ref())
        .collect();
    assert!(
        failures.iter().all(|error| error["code"] == -32050),
        "{failures:?}"
    );
    let undecided = failures
        .iter()
        .filter(|error| error["data"]["indeterminate"] == true);
    assert!(undecided.count() > 0, "{failures:?}");

    install.start_server();
    let heard = heard(&mut tab, &install);
    for (key, told) in &told {
        let once = i64::from(heard.contains(key));
        assert_eq!(
            rows(&install, key),
            (once, once),
            "{key}: an event and its commit part"
        );
        assert!(once == 1 || told.is_err(), "{key} was answered and is gone");
    }
    for key in told.keys() {
        install.call(1, "message.send", params(key));
        assert_eq!(rows(&install, key), (1, 1), "{key} repeated");
    }
}

/// The keys of what a tab has heard, up to a last message.
fn heard(tab: &mut antiphon_test_support::Tab, install: &Install) -> Vec<String> {
    install.send(1, 1, "the end");
    let mut heard = Vec::new();
    loop {
        let Some(Ok(frame)) = tab.frame_within(Duration::from_secs(20)) else {
            panic!("the tab was lost");
        };
        match frame["data"]["message"]["body"].as_str() {
            Some("the end") => return heard,
            Some(body) => {
                let key = body.split(' ').next().unwrap_or_default().to_owned();
                assert!(!heard.contains(&key), "{key} twice");
                heard.push(key);
            }
            None => {}
        }
    }
}
