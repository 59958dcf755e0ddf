//! A backup is put back: rule 5, a discarded future. What happened after the copy never happened,
//! and no position from then is honoured again, whatever is appended later.

use std::{fs, path::Path};

use antiphon_test_support::{Closed, Follower, Install, Node};

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
