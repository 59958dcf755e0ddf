//! Batches that die: everybody in them hears so, nobody else hears anything of them.

use antiphon_api::ids::Pos;
use antiphon_store::{Store, Tx, WriteError};

use crate::support::{Hold, Place, Sql, failure, logged, note, notes, queued, say, say_alone};

const UNKNOWN: bool = true;
const NOT_BEGUN: bool = false;

fn unavailable<T, E>(answer: &Result<T, WriteError<E>>) -> Option<bool> {
    match answer {
        Err(WriteError::Unavailable { indeterminate }) => Some(*indeterminate),
        Ok(_) | Err(WriteError::Refused(_) | WriteError::Panicked) => None,
    }
}

/// Runs `kill` in one batch with a neighbour before it, and one queued after it.
async fn die(store: &Store, kill: fn(&mut Tx<'_>) -> Sql<()>) {
    let head = store.head();
    let hold = Hold::the_writer(store).await;
    let neighbour = queued(store.write(|tx| {
        note(tx, "neighbour")?;
        say(tx, "neighbour").ok();
        Sql::Ok(())
    }))
    .await;
    let killer = queued(store.write(kill)).await;
    let held = hold.release().await;
    assert_eq!(unavailable(&held), Some(UNKNOWN));
    assert_eq!(unavailable(&neighbour.await), Some(UNKNOWN));
    assert_eq!(unavailable(&killer.await), Some(UNKNOWN));
    failure(store).await;
    assert_eq!(store.head(), head);
    assert_eq!(store.tail().after(head, 9, 999).unwrap().len(), 0);
    let later = store.write(|tx| note(tx, "later")).await;
    assert_eq!(unavailable(&later), Some(NOT_BEGUN));
}

async fn nothing_of_it_is_left(place: &Place, store: Store, known: Pos) {
    store.close().await;
    let reopened = place.open();
    assert_eq!(notes(&reopened).await, Vec::<String>::new());
    assert_eq!(logged(&reopened, known).await, []);
    assert!(say_alone(&reopened, "on we go").await > known);
}

#[tokio::test]
async fn a_closure_that_rolls_the_transaction_back_kills_its_batch() {
    let place = Place::new();
    let store = place.open();
    let known = say_alone(&store, "before").await;
    die(&store, |tx| tx.execute_batch("ROLLBACK")).await;
    nothing_of_it_is_left(&place, store, known).await;
}

#[tokio::test]
async fn a_closure_that_swaps_the_transaction_for_its_own_kills_its_batch() {
    let place = Place::new();
    let store = place.open();
    let known = say_alone(&store, "before").await;
    die(&store, |tx| tx.execute_batch("ROLLBACK; BEGIN IMMEDIATE")).await;
    nothing_of_it_is_left(&place, store, known).await;
}

#[tokio::test]
async fn a_closure_that_kills_the_transaction_and_fails_kills_its_batch() {
    let place = Place::new();
    let store = place.open();
    let known = say_alone(&store, "before").await;
    die(&store, |tx| tx.execute_batch("ROLLBACK; SELECT nothing")).await;
    nothing_of_it_is_left(&place, store, known).await;
}

/// A deferred foreign key is a COMMIT that fails on demand.
fn commit_will_fail(tx: &mut Tx<'_>) -> Sql<()> {
    tx.execute_batch(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
         CREATE TABLE child (
            parent INTEGER NOT NULL REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED
         ) STRICT;
         INSERT INTO child (parent) VALUES (1);",
    )
}

#[tokio::test]
async fn a_commit_that_fails_is_not_retried_and_fans_out_nothing() {
    let place = Place::new();
    let store = place.open();
    let known = say_alone(&store, "before").await;
    die(&store, commit_will_fail).await;
    assert!(failure(&store).await.contains("COMMIT failed"));
    nothing_of_it_is_left(&place, store, known).await;
}

#[tokio::test]
async fn a_full_disk_kills_the_batch_and_the_reason_is_told() {
    let place = Place::new();
    let store = place.open();
    let known = say_alone(&store, "before").await;
    let limit = |tx: &mut Tx<'_>| {
        let pages: i64 = tx.pragma_query_value(None, "page_count", |row| row.get(0))?;
        tx.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
    };
    store.write(limit).await.unwrap();
    let full = store
        .write(|tx| {
            let rows = (0..1_000).try_for_each(|_| note(tx, &"x".repeat(4_000)).map(drop));
            say(tx, "full").ok();
            rows
        })
        .await;
    assert_eq!(unavailable(&full), Some(UNKNOWN));
    assert!(failure(&store).await.contains("ended the transaction"));
    nothing_of_it_is_left(&place, store, known).await;
}

#[tokio::test]
async fn what_is_queued_behind_a_dead_batch_never_began() {
    let place = Place::new();
    let store = place.open();
    let hold = Hold::the_writer(&store).await;
    let killer = queued(store.write(|tx| tx.execute_batch("ROLLBACK"))).await;
    let mut behind = Vec::new();
    for _ in 0..1_200 {
        behind.push(queued(store.write(|tx| note(tx, "behind"))).await);
    }
    assert_eq!(unavailable(&hold.release().await), Some(UNKNOWN));
    assert_eq!(unavailable(&killer.await), Some(UNKNOWN));
    for write in behind {
        assert_eq!(unavailable(&write.await), Some(NOT_BEGUN));
    }
}

#[tokio::test]
async fn reads_go_on_after_the_writer_has_failed() {
    let place = Place::new();
    let store = place.open();
    store.write(|tx| note(tx, "kept")).await.unwrap();
    let killed = store.write(|tx| tx.execute_batch("ROLLBACK")).await;
    assert_eq!(unavailable(&killed), Some(UNKNOWN));
    assert_eq!(notes(&store).await, ["kept"]);
}
