//! The table of what a tab comes with and how its stream then begins.

use antiphon_test_support::{Begun, Install, Tab, pos};

const RESYNC_BAD: (&str, Option<&str>) = ("resync", Some("bad_parameters"));
const RESYNC_SESSION: (&str, Option<&str>) = ("resync", Some("unknown_session"));
const RESYNC_POSITION: (&str, Option<&str>) = ("resync", Some("unknown_position"));
const RESYNC_EXPIRED: (&str, Option<&str>) = ("resync", Some("expired"));

/// Says `count` things, and gives the positions of what user 2 heard.
fn heard(install: &Install, witness: &mut Tab, count: usize) -> Vec<i64> {
    install.say(1, count);
    (0..count)
        .map(|_| pos(&witness.until("message.created")))
        .collect()
}

#[test]
fn a_position_is_resumed_from_the_ring_where_it_reaches_and_else_from_the_log() {
    let (install, node) = Install::running();
    let before = install.head();
    // The witness is another user, so that user 1 has no session yet.
    let mut witness = Begun::of(&node, 2, "").tab;
    let early = heard(&install, &mut witness, 3);
    let head = early[2];

    let from_log = Begun::of(&node, 1, &format!("pos={before}"));
    let mut tab = from_log.expect(("log", None), &early, head);
    let late = heard(&install, &mut witness, 4);
    for (position, seq) in late.iter().zip(tab.seq() + 1..) {
        let event = tab.tab.event();
        assert_eq!((pos(&event), &event["seq"]), (*position, &seq.into()));
    }
    let head = late[3];

    let cases = [(late[3], 4), (late[2], 3), (late[0], 1), (early[2], 0)];
    for (position, skip) in cases {
        let begun = Begun::of(&node, 1, &format!("pos={position}"));
        begun.expect(("ring", None), &late[skip..], head);
    }
    // Before the session: the log again, though the ring has the newest of them.
    let all = [&early[..], &late].concat();
    let begun = Begun::of(&node, 1, &format!("pos={}", early[0]));
    begun.expect(("log", None), &all[1..], head);
    Begun::of(&node, 1, "").expect(("fresh", None), &[], head);
    Begun::of(&node, 1, "session=whatever").expect(("fresh", None), &[], head);
}

#[test]
fn a_number_that_is_no_position_of_the_log_is_told_why() {
    let (mut install, mut node) = Install::running();
    let old_head = install.head();
    // The log skips a random number of positions at each start.
    install.start_again();
    install.restart_gateway(&mut node);
    install.say(1, 1);
    let head = install.head();
    assert!(head > old_head + 1);
    node.catches_up(&install);
    let _session = Begun::of(&node, 1, "");
    let cases = [
        (head + 1, RESYNC_POSITION),
        (head + 1_000_000, RESYNC_POSITION),
        (old_head + 1, RESYNC_POSITION),
        ((1 << 53) - 1, RESYNC_POSITION),
        (1, RESYNC_EXPIRED),
        (0, RESYNC_EXPIRED),
    ];
    for (position, outcome) in cases {
        let begun = Begun::of(&node, 1, &format!("pos={position}"));
        begun.expect(outcome, &[], head);
    }
    // A position from before that start is one still.
    let begun = Begun::of(&node, 1, &format!("pos={old_head}"));
    assert_eq!(begun.outcome().0, "log");
    assert_eq!(begun.events.len(), 1);
}

#[test]
fn numbers_that_cannot_be_read_are_bad_parameters() {
    let (install, node) = Install::running();
    let head = install.head();
    for bad in [
        "9007199254740992",
        "99999999999999999999999999",
        "-1",
        "abc",
        "",
        "1.5",
        "1e3",
        "%2B1",
        "0x10",
        "%00",
        "%D9%A1",
        "1%20",
    ] {
        for name in ["pos", "resume_from"] {
            let begun = Begun::of(&node, 1, &format!("{name}={bad}"));
            begun.expect(RESYNC_BAD, &[], head);
        }
    }
}

#[test]
fn a_seq_stands_for_a_position_from_just_before_the_ring_to_its_head() {
    let (install, node) = Install::running();
    let empty = Begun::of(&node, 1, "");
    let first = empty.seq();
    let session = empty.hello["session"].as_str().expect("an id").to_owned();
    let other = Begun::of(&node, 2, "").hello["session"].clone();
    let other = other.as_str().expect("an id");
    let head = install.head();
    let of = |query: &str| Begun::of(&node, 1, query);
    of(&format!("resume_from={first}")).expect(("ring", None), &[], head);
    for beside in [first - 1, first + 1] {
        of(&format!("resume_from={beside}")).expect(RESYNC_SESSION, &[], head);
    }

    let mut witness = Begun::of(&node, 3, "").tab;
    let events = heard(&install, &mut witness, 3);
    let head = events[2];
    for known in 0..=3 {
        let seq = first + i64::try_from(known).expect("is small");
        let bare = of(&format!("resume_from={seq}"));
        bare.expect(("ring", None), &events[known..], head);
        let named = of(&format!("resume_from={seq}&session={session}"));
        named.expect(("ring", None), &events[known..], head);
        for stranger in [other, "", "0000"] {
            let begun = of(&format!("resume_from={seq}&session={stranger}"));
            begun.expect(RESYNC_SESSION, &[], head);
        }
    }
    for beside in [first - 1, first + 4, 0] {
        of(&format!("resume_from={beside}")).expect(RESYNC_SESSION, &[], head);
    }
    // A position beats it, whatever the others say.
    let query = format!("resume_from=junk&session=junk&pos={}", events[1]);
    of(&query).expect(("ring", None), &events[2..], head);
    // Without a session there is nothing it could stand for.
    let second = install.start_gateway();
    let begun = Begun::of(&second, 1, &format!("resume_from={first}"));
    begun.expect(RESYNC_SESSION, &[], head);
}

#[test]
fn the_ring_holds_five_hundred_events_and_the_log_the_rest() {
    let (install, node) = Install::running();
    let begun = Begun::of(&node, 1, "");
    let first = begun.seq();
    let start = install.head();
    let mut witness = Begun::of(&node, 2, "").tab;
    let events = heard(&install, &mut witness, 510);
    let head = events[509];
    let of = |query: &str| Begun::of(&node, 1, query);
    of(&format!("pos={}", events[9])).expect(("ring", None), &events[10..], head);
    of(&format!("pos={}", events[8])).expect(("log", None), &events[9..], head);
    of(&format!("pos={start}")).expect(("log", None), &events, head);
    let tail = first + 11;
    of(&format!("resume_from={}", tail - 1)).expect(("ring", None), &events[10..], head);
    of(&format!("resume_from={tail}")).expect(("ring", None), &events[11..], head);
    of(&format!("resume_from={}", tail - 2)).expect(RESYNC_SESSION, &[], head);
}
