//! Coming back: exactly what was missed, once, in order, wherever the connection broke.

use antiphon_test_support::{Begun, Install, Node, Tab, is_logged, pos};
use serde_json::{Value, json};

/// A client by the book: keeps the highest position, drops what is not above it, and trusts that
/// from `live` on each `seq` is one more.
#[derive(Default)]
struct Book {
    pos: i64,
    seq: Option<i64>,
    got: Vec<(i64, Value)>,
    /// Events that came although their position was known already.
    dropped: usize,
}

impl Book {
    fn at(pos: i64) -> Self {
        Self {
            pos,
            ..Self::default()
        }
    }

    fn take(&mut self, frame: &Value) {
        match frame["type"].as_str() {
            Some("hello") => {
                let resumed = frame["resumed"].as_str().expect("an outcome");
                assert!(matches!(resumed, "ring" | "log"), "{frame}");
                self.seq = None;
            }
            Some("live") => {
                self.seq = frame["seq"].as_i64();
                self.pos = self.pos.max(pos(frame));
            }
            Some("ping") => self.pos = self.pos.max(pos(frame)),
            _ if is_logged(frame) => self.event(frame),
            _ => {}
        }
    }

    fn event(&mut self, frame: &Value) {
        if let Some(seq) = &mut self.seq {
            *seq += 1;
            assert_eq!(frame["seq"], *seq, "a gap");
        }
        if pos(frame) <= self.pos {
            self.dropped += 1;
            return;
        }
        self.pos = pos(frame);
        self.got.push((self.pos, frame["data"].clone()));
    }

    /// Connects with its position and takes `frames` frames, or through `live` if there are fewer.
    fn visit(&mut self, node: &Node, user: i64, frames: usize) {
        let mut tab = node
            .tab(user, &format!("pos={}", self.pos))
            .expect("is let in");
        for _ in 0..=frames {
            let frame = tab.frame().expect("a frame");
            self.take(&frame);
            if frame["type"] == "live" {
                return;
            }
        }
    }
}

/// Everything user 1 got after `start`, as a replay of its own says.
fn truth(node: &Node, start: i64) -> Vec<(i64, Value)> {
    let begun = Begun::of(node, 1, &format!("pos={start}"));
    let events = begun.events.iter();
    events
        .map(|event| (pos(event), event["data"].clone()))
        .collect()
}

#[test]
fn a_replay_of_several_pages_cut_anywhere_is_gone_on_with_from_there() {
    let (install, node) = Install::running();
    let start = install.head();
    install.say(2, 1_050);
    node.catches_up(&install);
    let expected = truth(&node, start);
    assert_eq!(expected.len(), 1_050);
    let mut book = Book::at(start);
    let mut cut = 0;
    while book.got.len() < expected.len() {
        cut = cut % 40 + 1;
        book.visit(&node, 1, cut);
    }
    assert_eq!(book.got, expected);
    assert_eq!(book.dropped, 0);
    for cut in [1, 499, 500, 501, 999, 1_000, 1_001, 1_049, 1_050] {
        let mut book = Book::at(start);
        book.visit(&node, 1, cut);
        assert_eq!(book.got.len(), cut);
        book.visit(&node, 1, usize::MAX - 1);
        assert_eq!(book.got, expected, "cut after {cut}");
        assert_eq!(book.dropped, 0);
    }
}

#[test]
fn more_than_a_ring_holds_comes_from_the_log_while_others_talk_on() {
    let (install, node) = Install::running();
    let mut tab = Begun::of(&node, 1, "").tab;
    install.say(2, 1);
    let left_at = pos(&tab.event());
    drop(tab);
    install.say(2, 501);
    node.catches_up(&install);
    let begun = Begun::of(&node, 1, &format!("pos={left_at}"));
    assert_eq!(begun.outcome(), ("log", None));
    assert_eq!(begun.events.len(), 501);
    let mut book = Book::at(left_at);
    std::thread::scope(|scope| {
        scope.spawn(|| install.say(2, 400));
        while book.got.len() < 901 {
            book.visit(&node, 1, 97);
        }
    });
    assert_eq!(book.got, truth(&node, left_at));
}

#[test]
fn over_twenty_thousand_events_are_too_far() {
    let (install, node) = Install::running();
    let start = install.head();
    install.say(2, 1);
    let next = install.head();
    install.say_much(2, 20_000);
    node.catches_up(&install);
    let begun = Begun::of(&node, 1, &format!("pos={start}"));
    let begun = begun.expect(("resync", Some("too_far")), &[], install.head());
    drop(begun);
    let begun = Begun::of(&node, 1, &format!("pos={next}"));
    assert_eq!(begun.outcome(), ("log", None));
    assert_eq!(begun.events.len(), 20_000);
    let mut positions: Vec<_> = begun.events.iter().map(pos).collect();
    positions.dedup();
    assert_eq!(positions.len(), 20_000);
    assert!(positions.is_sorted());
}

#[test]
fn coming_back_when_nothing_happened_replays_nothing_and_loses_nothing() {
    let (install, node) = Install::running();
    let mut book = Book::at(install.head());
    for round in 0..100 {
        let mut tab = node
            .tab(1, &format!("pos={}", book.pos))
            .expect("is let in");
        for frame in tab.through("live") {
            if frame["type"] == "live" {
                assert_eq!(frame["replayed"], 0);
                assert_eq!(pos(&frame), install.head());
            }
            book.take(&frame);
        }
        if round % 3 == 0 {
            install.say(2, 1);
            book.take(&tab.event());
        }
    }
    assert_eq!(book.got.len(), 34);
    assert_eq!(book.dropped, 0);
}

#[test]
fn a_mutation_right_after_live_is_heard() {
    let (install, node) = Install::running();
    let mut book = Book::at(install.head());
    let start = book.pos;
    for number in 0..200 {
        let mut tab = node
            .tab(1, &format!("pos={}", book.pos))
            .expect("is let in");
        for frame in tab.through("live") {
            book.take(&frame);
        }
        let params = json!({ "channel_id": 1, "body": number.to_string() });
        if number % 2 == 0 {
            install.call(2, "message.send", params);
        } else {
            tab.send(&json!({ "jsonrpc": "2.0", "method": "message.send", "params": params }));
        }
        let event = tab.until("message.created");
        assert_eq!(event["data"]["message"]["body"], number.to_string());
        book.take(&event);
    }
    assert_eq!(book.got, truth(&node, start));
}

#[test]
fn tabs_that_come_and_go_under_load_miss_nothing() {
    let (install, node) = Install::running();
    let other = install.start_gateway();
    let start = install.head();
    let (install, read) = (&install, &|step: usize| {
        let mut book = Book::at(start);
        let mut visit = 0;
        while book.got.len() < 600 {
            visit += 1;
            let gateway = [&node, &other][visit / step % 2];
            book.visit(gateway, 1, visit % 9);
        }
        book
    });
    let books = std::thread::scope(|scope| {
        for user in [2, 3] {
            scope.spawn(move || talk_on(install, user, 300));
        }
        [1, 7]
            .map(|step| scope.spawn(move || read(step)))
            .map(|reader| reader.join().expect("the reader ends"))
    });
    for book in books {
        assert_eq!(book.got, truth(&node, start));
    }
}

fn talk_on(install: &Install, user: i64, count: usize) {
    for number in 0..count {
        install.send(user, 1, &number.to_string());
    }
}

#[test]
fn two_tabs_of_one_user_number_the_same_events_alike() {
    let (install, node) = Install::running();
    let mut tabs: Vec<Tab> = (0..3).map(|_| Begun::of(&node, 1, "").tab).collect();
    install.say(2, 50);
    let all: Vec<Vec<_>> = tabs
        .iter_mut()
        .map(|tab| (0..50).map(|_| tab.event()).collect())
        .collect();
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}
