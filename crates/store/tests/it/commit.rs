//! Group commit: closures share a transaction and nothing else.

use std::time::Duration;

use antiphon_api::ids::{Pos, UserId};
use antiphon_store::{Audience, EmitError, ReadError, WriteError, rusqlite};

use crate::support::{
    ANN, GENERAL, Hold, MAX_EVENT_BYTES, NOW, Place, Sql, logged, note, notes, queued, say,
    say_alone, text,
};

#[tokio::test]
async fn what_gathers_while_the_writer_is_busy_is_one_commit() {
    let place = Place::new();
    let (store, batches) = place.open_listened();
    let hold = Hold::the_writer(&store).await;
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(queued(store.write(|tx| note(tx, "n"))).await);
    }
    hold.release().await.unwrap();
    for write in waiting {
        write.await.unwrap();
    }
    assert_eq!(batches.so_far(), [101]);
}

#[tokio::test]
async fn a_batch_ends_after_128_more_than_its_first() {
    let place = Place::new();
    let (store, batches) = place.open_listened();
    let hold = Hold::the_writer(&store).await;
    let mut waiting = Vec::new();
    for _ in 0..129 {
        waiting.push(queued(store.write(|tx| note(tx, "n"))).await);
    }
    hold.release().await.unwrap();
    for write in waiting {
        write.await.unwrap();
    }
    assert_eq!(batches.so_far(), [129, 1]);
}

#[tokio::test]
async fn a_pulse_comes_through_the_writer_in_its_turn_and_commits_nothing() {
    let place = Place::new();
    let (store, batches) = place.open_listened();
    assert!(store.pulse().await);
    assert!(batches.so_far().is_empty());
    let hold = Hold::the_writer(&store).await;
    let mut pulse = Box::pin(store.pulse());
    let early = tokio::time::timeout(Duration::from_millis(50), &mut pulse).await;
    assert!(early.is_err(), "the writer is held up");
    hold.release().await.unwrap();
    assert!(pulse.await);
    assert_eq!(batches.so_far(), [1], "that of the one who held it");
    store.close().await;
    assert!(!store.pulse().await, "the writer has ended");
}

#[tokio::test]
async fn a_closure_that_fails_is_undone_alone_and_its_events_are_cut() {
    let place = Place::new();
    let (store, batches) = place.open_listened();
    let before = store.head();
    let hold = Hold::the_writer(&store).await;
    let first = queued(store.write(|tx| note(tx, "first").map(|_| say(tx, "first")))).await;
    let failing = queued(store.write(|tx| {
        note(tx, "failed").ok();
        say(tx, "failed").ok();
        Err::<(), _>("no")
    }))
    .await;
    let last = queued(store.write(|tx| note(tx, "last").map(|_| say(tx, "last")))).await;
    hold.release().await.unwrap();

    let first = first.await.unwrap().unwrap();
    assert!(matches!(failing.await, Err(WriteError::Refused("no"))));
    let last = last.await.unwrap().unwrap();
    assert_eq!(batches.so_far(), [4]);
    assert_eq!(notes(&store).await, ["first", "last"]);
    let expected = [(first, "first".to_owned()), (last, "last".to_owned())];
    assert_eq!(logged(&store, before).await, expected);
    let tail = store.tail().after(before, 9, 999).unwrap();
    let tail: Vec<_> = tail.iter().map(|row| (row.pos, text(row))).collect();
    assert_eq!(tail, expected);
    assert_eq!(last, Pos(first.get() + 1), "a cut event leaves no gap");
}

#[tokio::test]
async fn a_closure_that_panics_is_undone_alone() {
    let place = Place::new();
    let store = place.open();
    let hold = Hold::the_writer(&store).await;
    let panicking = queued(store.write(|tx| -> Sql<()> {
        note(tx, "panicked")?;
        say(tx, "panicked").ok();
        panic!("as the test wants it")
    }))
    .await;
    let neighbour = queued(store.write(|tx| note(tx, "neighbour"))).await;
    hold.release().await.unwrap();
    assert!(matches!(panicking.await, Err(WriteError::Panicked)));
    neighbour.await.unwrap();
    assert_eq!(notes(&store).await, ["neighbour"]);
    assert_eq!(logged(&store, store.head()).await, []);
}

#[tokio::test]
async fn who_has_an_answer_finds_the_events_in_the_tail_in_order() {
    let place = Place::new();
    let store = place.open();
    let before = store.head();
    let mut writes = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let store = store.clone();
        writes.spawn(async move {
            let pos = say_alone(&store, "x").await;
            assert!(store.head() >= pos);
            let newer = store.tail().after(Pos(pos.get() - 1), 1, 1).unwrap();
            assert_eq!(newer[0].pos, pos);
        });
    }
    while let Some(done) = writes.join_next().await {
        done.unwrap();
    }
    let tail = store.tail().after(before, 1_000, 1 << 20).unwrap();
    let tail: Vec<_> = tail.iter().map(|row| row.pos).collect();
    let log: Vec<_> = logged(&store, before)
        .await
        .iter()
        .map(|row| row.0)
        .collect();
    assert_eq!(tail.len(), 200);
    assert_eq!(tail, log);
    assert!(tail.is_sorted());
}

#[tokio::test]
async fn an_event_over_the_bound_is_refused_inside_its_transaction() {
    let place = Place::new();
    let store = place.open();
    let head = store.head();
    let emit = |bytes: usize| {
        store.write(move |tx| {
            note(tx, "with it").ok();
            say(tx, &"x".repeat(bytes - 2))
        })
    };
    let refused = emit(MAX_EVENT_BYTES + 1).await;
    let limit = MAX_EVENT_BYTES;
    assert!(
        matches!(refused, Err(WriteError::Refused(EmitError::TooLarge { limit: l })) if l == limit)
    );
    assert_eq!((notes(&store).await.len(), store.head()), (0, head));
    emit(MAX_EVENT_BYTES).await.unwrap();
    assert_eq!(notes(&store).await.len(), 1);
}

#[tokio::test]
async fn an_audience_of_65_users_is_too_wide() {
    let place = Place::new();
    let store = place.open();
    let emit = |users: i64| {
        let audience = Audience::users((1..=users).map(UserId));
        store.write(move |tx| tx.emit(&audience, &"hello", NOW))
    };
    emit(64).await.unwrap();
    let refused = emit(65).await;
    assert!(matches!(
        refused,
        Err(WriteError::Refused(EmitError::AudienceTooWide {
            limit: 64,
            ..
        }))
    ));
}

#[tokio::test]
async fn a_write_nobody_waits_for_any_more_is_skipped_before_it_begins() {
    let place = Place::new();
    let store = place.open();
    let hold = Hold::the_writer(&store).await;
    let abandoned = queued(store.write(|tx| note(tx, "abandoned"))).await;
    let kept = queued(store.write(|tx| note(tx, "kept"))).await;
    drop(abandoned);
    hold.release().await.unwrap();
    kept.await.unwrap();
    assert_eq!(notes(&store).await, ["kept"]);
}

#[tokio::test]
async fn a_read_sees_one_state_throughout_and_cannot_write() {
    let place = Place::new();
    let store = place.open();
    let (go, wait) = std::sync::mpsc::channel();
    let count = |conn: &rusqlite::Connection| -> Sql<i64> {
        conn.query_row("SELECT count(*) FROM note", [], |row| row.get(0))
    };
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let reading = queued(store.read(move |conn| {
        let before = count(conn)?;
        begun.send(()).ok();
        wait.recv().ok();
        Sql::Ok((before, count(conn)?))
    }))
    .await;
    has_begun.await.unwrap();
    store.write(|tx| note(tx, "meanwhile")).await.unwrap();
    go.send(()).unwrap();
    assert_eq!(reading.await.unwrap(), (0, 0));
    let written = store
        .read(|conn| conn.execute("DELETE FROM note", []))
        .await;
    assert!(matches!(written, Err(ReadError::Refused(_))));
    assert_eq!(notes(&store).await, ["meanwhile"]);
}

#[tokio::test]
async fn a_read_that_panics_leaves_its_connection_usable() {
    let place = Place::new();
    let store = place.open();
    for _ in 0..10 {
        let read = store.read(|_| -> Sql<()> { panic!("as the test wants it") });
        assert!(matches!(read.await, Err(ReadError::Panicked)));
    }
    assert!(notes(&store).await.is_empty());
}

#[tokio::test]
async fn closing_finishes_what_is_queued_and_refuses_what_comes_later() {
    let place = Place::new();
    let store = place.open();
    let hold = Hold::the_writer(&store).await;
    let queued_before = queued(store.write(|tx| note(tx, "queued"))).await;
    let closing = queued(store.close()).await;
    let later = store.write(|tx| note(tx, "later")).await;
    assert!(matches!(
        later,
        Err(WriteError::Unavailable {
            indeterminate: false
        })
    ));
    hold.release().await.unwrap();
    closing.await;
    queued_before.await.unwrap();
    store.close().await;
    assert!(matches!(
        store.read(|_| Sql::Ok(())).await,
        Err(ReadError::Closed)
    ));
    let reopened = place.open();
    assert_eq!(notes(&reopened).await, ["queued"]);
}

#[tokio::test]
async fn a_membership_changed_in_a_failed_closure_did_not_change() {
    let place = Place::new();
    let store = place.open();
    let refused = store.write(|tx| {
        tx.open_membership(GENERAL, ANN, "member").ok();
        Err::<(), _>(())
    });
    assert!(refused.await.is_err());
    let member = |conn: &_| antiphon_store::membership::is_member(conn, GENERAL, ANN);
    assert!(!store.read(member).await.unwrap());
}
