//! A backup is put back: rule 5, a discarded future. What happened after the copy never happened,
//! and no position from then is honoured again, whatever is appended later. And a backup that is made
//! while the server writes is whole.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread::scope,
};

use antiphon_test_support::{Closed, Follower, Install, Node, Process};
use rusqlite::Connection;

/// Copies the files of a data folder; its sockets are made anew.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        if entry.file_type().expect("a type").is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("can be copied");
        }
    }
}

/// Stops the server and puts the copy where the data was.
fn restore(install: &mut Install, backup: &Path) {
    install.stop_server();
    fs::remove_dir_all(install.data()).expect("can be removed");
    copy(backup, &install.data());
    install.start_server();
}

fn refusal(node: &Node, pos: i64) -> (String, String) {
    let mut tab = node.tab(1, &format!("pos={pos}")).expect("is let in");
    let hello = tab.frame().expect("a hello");
    let text = |field: &str| hello[field].as_str().unwrap_or_default().to_owned();
    (text("resumed"), text("reason"))
}

#[test]
fn after_a_restore_the_discarded_future_is_unknown_for_good_and_the_past_is_honoured() {
    let (mut install, node) = Install::running();
    install.send(1, 1, "kept");
    let past = install.position(1);
    install.send(1, 1, "kept, too");
    let backup = install.folder().join("backup");
    install.stop_server();
    copy(&install.data(), &backup);
    install.start_server();

    let mut tab = node.tab(1, "").expect("is let in");
    for number in 0..5 {
        install.send(1, 1, &format!("discarded {number}"));
        tab.until("message.created");
    }
    let future: Vec<i64> = (0..5).map(|back| install.position(1) - back).collect();
    restore(&mut install, &backup);

    assert_eq!(
        tab.end(),
        Closed::With(1012),
        "the gateway forgets its tabs"
    );
    let unknown = ("resync".to_owned(), "unknown_position".to_owned());
    let another = install.start_gateway();
    for round in 0..3 {
        for pos in &future {
            assert_eq!(refusal(&node, *pos), unknown, "round {round}");
            assert_eq!(refusal(&another, *pos), unknown, "round {round}");
        }
        for number in 0..10 {
            install.send(1, 1, &format!("new {round} {number}"));
        }
    }

    for node in [&node, &another] {
        let mut follower = Follower::new(1, past);
        follower.follow(&node.address, "what is new", |one| one.heard("new 2 9") > 0);
        assert!(follower.faults.is_empty(), "{:?}", follower.faults);
        assert_eq!(follower.events.len(), 31);
        assert!(
            follower.outcomes.contains_key("log"),
            "{:?}",
            follower.outcomes
        );
    }
}

#[test]
fn a_gateway_that_was_away_during_the_restore_does_not_believe_in_the_future_either() {
    let (mut install, node) = Install::running();
    let backup = install.folder().join("backup");
    install.stop_server();
    copy(&install.data(), &backup);
    install.start_server();
    let mut tab = node.tab(1, "").expect("is let in");
    install.send(1, 1, "discarded");
    let future = tab.until("message.created")["pos"]
        .as_i64()
        .expect("a position");
    node.process.signal("STOP");
    restore(&mut install, &backup);
    install.send(1, 1, "new");
    node.process.signal("CONT");
    assert_eq!(tab.end(), Closed::With(1012));
    let unknown = ("resync".to_owned(), "unknown_position".to_owned());
    assert_eq!(refusal(&node, future), unknown);
}

/// How many messages are said at once while a backup is made; a thousand a second and more.
const AT_ONCE: usize = 50;
const FILES: [&str; 3] = ["a.db", "b.db", "c.db"];

/// Makes a backup of a running install with the command that users have.
fn back_up(install: &Install, file: &str) -> (i32, String, String) {
    let data = install.data();
    let data = data.to_str().expect("is text");
    Process::run(install.folder(), &["backup", file, "--data", data])
}

#[test]
fn a_backup_made_while_much_is_written_is_the_past_up_to_one_position() {
    let (install, _node) = Install::running();
    let first = install.send(1, 1, "first");
    let start = install.position(1);
    let done = AtomicBool::new(false);
    let copies = scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                install.say(1, AT_ONCE);
            }
        });
        let copies = FILES.map(|file| (install.head(), back_up(&install, file), install.head()));
        done.store(true, Ordering::SeqCst);
        copies
    });
    for (before, (code, output, errors), after) in copies {
        assert_eq!(code, 0, "{output}{errors}");
        let words = output.split("position ").nth(1).unwrap_or_default();
        let head = words.split(',').next().and_then(|head| head.parse().ok());
        let head: i64 = head.expect("a position");
        assert!(
            (before..=after).contains(&head),
            "{before} {output} {after}"
        );
    }

    for file in FILES {
        let mut again = Install::new();
        fs::create_dir_all(again.data()).expect("the folder can be made");
        fs::rename(install.folder().join(file), again.database()).expect("is moved");
        again.start_server();
        let node = again.start_gateway();
        let mut follower = Follower::new(1, start);
        follower.follow_to_live(&node.address);
        assert!(follower.faults.is_empty(), "{:?}", follower.faults);
        let database = Connection::open(again.database()).expect("opens");
        let later = "SELECT body FROM message WHERE id > ?1 ORDER BY id";
        let mut later = database.prepare(later).expect("is SQL");
        let rows = later.query_map([first], |row| row.get(0));
        let in_table: Vec<String> = rows.and_then(Iterator::collect).expect("reads");
        assert!(!in_table.is_empty());
        assert_eq!(follower.bodies(), in_table, "{file}");
        again.send(1, 1, "goes on");
    }
}

#[test]
fn a_backup_is_for_its_owner_alone_and_writes_over_nothing() {
    use std::os::unix::fs::PermissionsExt;

    let (mut install, _node) = Install::running();
    install.stop_server();
    let (code, output, errors) = back_up(&install, "a.db");
    assert_eq!(code, 0, "{output}{errors}");
    let file = install.folder().join("a.db");
    let metadata = fs::metadata(&file).expect("is there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let (code, _, errors) = back_up(&install, "a.db");
    assert_eq!(
        (code, errors.contains("a.db exists")),
        (1, true),
        "{errors}"
    );
    assert_eq!(fs::metadata(&file).expect("is there").len(), metadata.len());
    let (code, _, errors) =
        Process::run(install.folder(), &["backup", "b.db", "--data", "nowhere"]);
    assert_eq!(
        (code, errors.contains("nowhere/antiphon.db")),
        (1, true),
        "{errors}"
    );
    let left = fs::read_dir(install.folder()).expect("reads");
    let mut names = left.map(|entry| entry.expect("reads").file_name());
    assert!(names.all(|name| !name.to_string_lossy().contains("unfinished")));
    install.start_server();
}
