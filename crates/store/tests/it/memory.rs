//! What is remembered for a while: idempotency keys, revocations, the log itself.

use std::time::Duration;

use antiphon_api::{
    identity::Revocation,
    ids::{Pos, Principal, UnixMs, UserId},
};
use antiphon_store::{
    EmitError, Store, Tx, idempotency, idempotency::Earlier, log, prune, prune::Retention,
    revocation, rusqlite,
};
use serde_json::value::to_raw_value;

use crate::support::{ANN, GENERAL, NOW, Place, Sql, note, notes, say};

const HASH: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];
const FOR_EVER: Retention = Retention {
    age: Duration::from_secs(1 << 40),
    rows: u64::MAX,
};

fn remember(tx: &Tx<'_>, key: &str, now: UnixMs) -> Sql<()> {
    let result = to_raw_value(&7).expect("a number");
    idempotency::remember(tx, "user:1", "note.add", key, &HASH, &result, now)
}

/// A mutation as the server does it: `Some` is the answer of an earlier one.
fn add(tx: &Tx<'_>, key: &str, hash: &[u8; 32]) -> Result<Option<String>, String> {
    match idempotency::find(tx, "user:1", "note.add", key, hash).map_err(|e| e.to_string())? {
        Earlier::Same(result) => return Ok(Some(result.get().to_owned())),
        Earlier::Different => return Err("other parameters".to_owned()),
        Earlier::None => {}
    }
    note(tx, key).map_err(|error| error.to_string())?;
    remember(tx, key, NOW).map_err(|error| error.to_string())?;
    if key == "fails" {
        Err(key.to_owned())
    } else {
        Ok(None)
    }
}

#[tokio::test]
async fn a_mutation_sent_twice_has_one_effect_and_one_answer() {
    let place = Place::new();
    let store = place.open();
    let first = store.write(|tx| add(tx, "k", &HASH)).await.unwrap();
    let second = store.write(|tx| add(tx, "k", &HASH)).await.unwrap();
    assert_eq!((first, second.as_deref()), (None, Some("7")));
    assert!(store.write(|tx| add(tx, "k", &OTHER)).await.is_err());
    assert_eq!(notes(&store).await, ["k"]);
}

#[tokio::test]
async fn the_key_of_a_mutation_that_failed_is_free_again() {
    let place = Place::new();
    let store = place.open();
    assert!(store.write(|tx| add(tx, "fails", &HASH)).await.is_err());
    let found = store.read(|conn| idempotency::find(conn, "user:1", "note.add", "fails", &HASH));
    assert!(matches!(found.await, Ok(Earlier::None)));
    assert!(notes(&store).await.is_empty());
}

#[tokio::test]
async fn a_key_belongs_to_its_caller_and_its_method() {
    let place = Place::new();
    let store = place.open();
    store.write(|tx| remember(tx, "k", NOW)).await.unwrap();
    for (caller, method) in [("user:2", "note.add"), ("user:1", "note.remove")] {
        let found = store.read(move |conn| idempotency::find(conn, caller, method, "k", &HASH));
        assert!(matches!(found.await, Ok(Earlier::None)));
    }
}

#[tokio::test]
async fn a_key_is_forgotten_after_24_hours_and_not_before() {
    let place = Place::new();
    let store = place.open();
    let day = 24 * 60 * 60 * 1_000;
    store.write(|tx| remember(tx, "k", NOW)).await.unwrap();
    for (later, known) in [(day, true), (day + 1, false)] {
        let step = store.write(move |tx| prune::step(tx, &FOR_EVER, NOW.plus_ms(later)));
        assert!(!step.await.unwrap());
        let found = store.read(|conn| idempotency::find(conn, "user:1", "note.add", "k", &HASH));
        assert_eq!(matches!(found.await, Ok(Earlier::Same(_))), known);
    }
}

#[tokio::test]
async fn a_revocation_is_told_until_it_is_over_and_then_forgotten() {
    let place = Place::new();
    let store = place.open();
    let of = |jti: Option<&str>, until| Revocation {
        principal: Principal::User(UserId(1)),
        jti: jti.map(str::to_owned),
        before: NOW,
        until: NOW.plus_ms(until),
    };
    let (one, every) = (of(Some("abc"), 10), of(None, 20));
    let both = [one, every.clone()];
    let stored = both.clone();
    let store_them =
        move |tx: &mut Tx<'_>| stored.iter().try_for_each(|r| revocation::store(tx, r));
    store.write(store_them).await.unwrap();
    let live = |at: i64| store.read(move |conn| revocation::live(conn, NOW.plus_ms(at)));
    let of = |user: i64, at: i64| {
        let principal = Principal::User(UserId(user));
        store.read(move |conn| revocation::of(conn, principal, NOW.plus_ms(at)))
    };
    assert_eq!(live(9).await.unwrap(), both);
    assert_eq!(of(1, 9).await.unwrap(), both);
    assert_eq!(of(1, 10).await.unwrap(), both[1..]);
    assert_eq!(of(2, 9).await.unwrap(), []);
    assert_eq!(live(10).await.unwrap(), [every]);
    let step = store.write(|tx| prune::step(tx, &FOR_EVER, NOW.plus_ms(10)));
    step.await.unwrap();
    assert_eq!(live(0).await.unwrap().len(), 1);
}

/// `count` events, one a millisecond from `NOW` on.
async fn a_log_of(store: &Store, count: i64) -> Vec<Pos> {
    let audience = antiphon_store::Audience::user(ANN);
    let fill = move |tx: &mut Tx<'_>| {
        (0..count)
            .map(|ms| tx.emit(&audience, &"x", NOW.plus_ms(ms)))
            .collect::<Result<Vec<_>, EmitError>>()
    };
    store.write(fill).await.unwrap()
}

async fn pruned(store: &Store, keep: Retention, now: UnixMs) -> u32 {
    let mut steps = 1;
    while store
        .write(move |tx| prune::step(tx, &keep, now))
        .await
        .unwrap()
    {
        steps += 1;
    }
    steps
}

async fn rows_of(store: &Store, table: &'static str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    store
        .read(move |conn| conn.query_row(&count, [], |row| row.get(0)))
        .await
        .unwrap()
}

#[tokio::test]
async fn events_over_the_number_kept_go_in_small_steps_and_the_newest_stay() {
    let place = Place::new();
    let store = place.open();
    let positions = a_log_of(&store, 1_200).await;
    let keep = Retention {
        rows: 100,
        ..FOR_EVER
    };
    assert_eq!(pruned(&store, keep, NOW).await, 3);
    assert_eq!(
        (
            rows_of(&store, "log").await,
            rows_of(&store, "audience").await
        ),
        (100, 100)
    );
    assert_eq!(store.read(log::oldest).await.unwrap(), positions[1_100]);
}

#[tokio::test]
async fn the_number_kept_is_counted_in_events_across_the_gaps_between_opens() {
    let place = Place::new();
    for _ in 0..4 {
        let store = place.open();
        a_log_of(&store, 5).await;
        store.close().await;
    }
    let store = place.open();
    pruned(
        &store,
        Retention {
            rows: 12,
            ..FOR_EVER
        },
        NOW,
    )
    .await;
    assert_eq!(rows_of(&store, "log").await, 12);
    assert!(rows_of(&store, "epoch").await <= 4);
    pruned(
        &store,
        Retention {
            rows: 3,
            ..FOR_EVER
        },
        NOW,
    )
    .await;
    assert_eq!(rows_of(&store, "log").await, 3);
}

#[tokio::test]
async fn events_go_when_they_are_older_than_the_age_kept() {
    let place = Place::new();
    let store = place.open();
    let positions = a_log_of(&store, 10).await;
    let keep = Retention {
        age: Duration::from_millis(100),
        rows: u64::MAX,
    };
    pruned(&store, keep, NOW.plus_ms(104)).await;
    assert_eq!(store.read(log::oldest).await.unwrap(), positions[4]);
    let known = |pos: Pos| store.read(move |conn| log::is_known(conn, pos));
    assert!(!known(positions[3]).await.unwrap());
    assert!(known(positions[4]).await.unwrap());
}

#[tokio::test]
async fn the_newest_event_is_kept_whatever_the_retention_says() {
    let place = Place::new();
    let store = place.open();
    let positions = a_log_of(&store, 10).await;
    pruned(
        &store,
        Retention {
            age: Duration::ZERO,
            rows: 0,
        },
        NOW.plus_ms(1 << 40),
    )
    .await;
    assert_eq!(store.read(log::head).await.unwrap(), positions[9]);
    assert_eq!(rows_of(&store, "log").await, 1);
}

#[tokio::test]
async fn an_ended_membership_outlives_its_scope_until_no_event_it_held_is_left() {
    let place = Place::new();
    let store = place.open();
    let held = store.write(|tx| {
        tx.open_membership(GENERAL, ANN, "member")?;
        let held = say(tx, "held")?;
        tx.close_scope(GENERAL)?;
        say(tx, "after")?;
        Ok::<_, EmitError>(held)
    });
    let held = held.await.unwrap();
    pruned(
        &store,
        Retention {
            rows: 2,
            ..FOR_EVER
        },
        NOW,
    )
    .await;
    assert_eq!(
        store
            .read(move |conn| log::recipients(conn, held))
            .await
            .unwrap(),
        [ANN]
    );
    assert_eq!(rows_of(&store, "membership").await, 1);
    store.write(|tx| say(tx, "later")).await.unwrap();
    pruned(
        &store,
        Retention {
            rows: 1,
            ..FOR_EVER
        },
        NOW,
    )
    .await;
    assert_eq!(rows_of(&store, "membership").await, 0);
}

#[tokio::test]
async fn pruning_forgets_nothing_that_is_open() {
    let place = Place::new();
    let store = place.open();
    let open = |tx: &mut Tx<'_>| tx.open_membership(GENERAL, ANN, "member");
    store.write(open).await.unwrap();
    a_log_of(&store, 3).await;
    pruned(
        &store,
        Retention {
            rows: 1,
            ..FOR_EVER
        },
        NOW,
    )
    .await;
    let member =
        |conn: &rusqlite::Connection| antiphon_store::membership::is_member(conn, GENERAL, ANN);
    assert!(store.read(member).await.unwrap());
}
