//! Opening: positions that never repeat, one process at a time, and no way back in versions.

use std::{collections::BTreeSet, fs, time::Duration};

use antiphon_api::ids::Pos;
use antiphon_store::{OpenError, Options, Store, log, prune, prune::Retention, rusqlite};

use crate::support::{
    ANN, GENERAL, MAX_EVENT_BYTES, MIGRATIONS, NOW, Place, Sql, logged, say, say_alone,
};

const NOTHING: Retention = Retention {
    age: Duration::ZERO,
    rows: 0,
};

#[tokio::test]
async fn a_new_log_has_one_row_for_nobody() {
    let place = Place::new();
    let store = place.open();
    let (head, oldest, known, heard) = store
        .read(|conn| {
            let head = log::head(conn)?;
            let heard = log::recipients(conn, head)?;
            Sql::Ok((head, log::oldest(conn)?, log::is_known(conn, head)?, heard))
        })
        .await
        .unwrap();
    assert_eq!((store.head(), oldest, known), (head, head, true));
    assert!((1..=1 << 30).contains(&head.get()));
    assert_eq!(heard, []);
}

#[tokio::test]
async fn positions_rise_and_skip_at_every_open_and_rise_by_one_within_it() {
    let place = Place::new();
    let mut last = Pos(0);
    let mut skips = BTreeSet::new();
    for _ in 0..4 {
        let store = place.open();
        assert!(store.head() >= last);
        let first = say_alone(&store, "first").await;
        assert!(first > store.tail().floor());
        skips.insert(first.get() - last.get());
        last = say_alone(&store, "second").await;
        assert_eq!(last, Pos(first.get() + 1));
        store.close().await;
    }
    assert_eq!(skips.len(), 4, "skips are random: {skips:?}");
}

#[tokio::test]
async fn a_copy_restored_from_before_gives_no_position_again() {
    let (place, copy) = (Place::new(), Place::new());
    let store = place.open();
    say_alone(&store, "in the backup").await;
    store.close().await;
    fs::copy(place.path(), copy.path()).unwrap();
    let (lost, restored) = (place.open(), copy.open());
    let later = say_alone(&lost, "lost").await;
    say_alone(&restored, "other").await;
    let known = restored.read(move |conn| log::is_known(conn, later)).await;
    assert!(!known.unwrap());
}

#[tokio::test]
async fn the_next_position_is_the_one_the_event_gets() {
    let place = Place::new();
    for _ in 0..2 {
        let store = place.open();
        let agree = store.write(|tx| {
            let next = tx.next_pos();
            say(tx, "x").map(|pos| (next, pos, tx.next_pos()))
        });
        let (next, pos, after) = agree.await.unwrap();
        assert_eq!((next, after), (pos, Pos(pos.get() + 1)));
        store.close().await;
    }
}

#[tokio::test]
async fn a_membership_opened_just_before_the_end_starts_at_or_before_the_next_event() {
    let place = Place::new();
    let store = place.open();
    let open = store.write(|tx| tx.open_membership(GENERAL, ANN, "member"));
    assert!(open.await.unwrap());
    store.close().await;
    let store = place.open();
    let pos = say_alone(&store, "hello").await;
    let heard = store.read(move |conn| log::recipients(conn, pos)).await;
    assert_eq!(heard.unwrap(), [ANN]);
}

#[tokio::test]
async fn a_log_pruned_to_its_newest_row_never_repeats_a_position() {
    let place = Place::new();
    let mut last = Pos(0);
    for _ in 0..3 {
        let store = place.open();
        let pos = say_alone(&store, "x").await;
        assert!(pos > last);
        last = pos;
        let more = store.write(|tx| prune::step(tx, &NOTHING, NOW)).await;
        assert!(!more.unwrap());
        let (oldest, head) = store
            .read(|conn| Sql::Ok((log::oldest(conn)?, log::head(conn)?)))
            .await
            .unwrap();
        assert_eq!((oldest, head), (pos, pos));
        store.close().await;
    }
}

#[tokio::test]
async fn a_database_with_no_positions_left_is_refused() {
    let place = Place::new();
    place.open().close().await;
    let conn = rusqlite::Connection::open(place.path()).unwrap();
    conn.execute(
        "UPDATE sqlite_sequence SET seq = ?1",
        [(1_i64 << 53) - (1 << 31)],
    )
    .unwrap();
    drop(conn);
    assert!(matches!(place.try_open(), Err(OpenError::OutOfPositions)));
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_untouched() {
    const NEWER: &[&str] = &[
        MIGRATIONS[0],
        "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT",
    ];
    let place = Place::new();
    let newer = Options::new(place.path(), NEWER, MAX_EVENT_BYTES);
    Store::open(newer).unwrap().close().await;
    let before = fs::read(place.path()).unwrap();
    let Err(OpenError::NewerDatabase { found, known }) = place.try_open() else {
        panic!("opened a newer database");
    };
    assert_eq!((found.server, known.server), (2, 1));
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_database_at_the_version_before() {
    const BROKEN: &[&str] = &[
        MIGRATIONS[0],
        "CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT; INSERT INTO nowhere DEFAULT VALUES",
    ];
    const WHOLE: &[&str] = &[
        MIGRATIONS[0],
        "CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT",
    ];
    let place = Place::new();
    let broken = Store::open(Options::new(place.path(), BROKEN, MAX_EVENT_BYTES));
    assert!(matches!(broken, Err(OpenError::Migrate { version, .. }) if version.server == 2));
    place.open().close().await;
    let whole = Store::open(Options::new(place.path(), WHOLE, MAX_EVENT_BYTES));
    assert!(whole.is_ok());
}

#[tokio::test]
async fn one_process_at_a_time_has_the_database() {
    let place = Place::new();
    let store = place.open();
    assert!(matches!(place.try_open(), Err(OpenError::InUse { .. })));
    store.close().await;
    place.open();
}

#[tokio::test]
async fn an_answered_write_is_synced_and_the_wal_is_not_left_behind_on_close() {
    let place = Place::new();
    let store = place.open();
    let pragma = |name: &'static str| {
        store.write(move |tx| tx.pragma_query_value(None, name, |row| row.get::<_, String>(0)))
    };
    assert_eq!(pragma("journal_mode").await.unwrap(), "wal");
    let full =
        store.write(|tx| tx.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)));
    assert_eq!(full.await.unwrap(), 2);
    let known = say_alone(&store, "x").await;
    store.close().await;
    assert!(!place.path().with_extension("db-wal").exists());
    assert_eq!(logged(&place.open(), Pos(known.get() - 1)).await.len(), 1);
}
