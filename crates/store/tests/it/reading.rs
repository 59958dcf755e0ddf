//! Reads: how long they may take, and whom they hold up.

use std::{sync::mpsc, time::Duration};

use antiphon_store::{ReadError, Store, rusqlite};

use crate::support::{Place, Sql, notes};

const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

async fn asked(
    store: &Store,
    time: Duration,
    sql: &'static str,
) -> Result<i64, ReadError<rusqlite::Error>> {
    let ask = move |db: &rusqlite::Connection| db.query_row(sql, [], |row| row.get(0));
    store.read_within(time, ask).await
}

#[tokio::test]
async fn a_read_that_would_never_end_is_cut_short_and_its_connection_serves_on() {
    let place = Place::new();
    let mut options = place.options();
    options.readers = 1;
    let store = Store::open(options).unwrap();
    for _ in 0..3 {
        let late = asked(&store, Duration::from_millis(20), ENDLESS).await;
        assert!(matches!(late, Err(ReadError::Late)), "{late:?}");
        let time = Duration::from_secs(20);
        assert_eq!(asked(&store, time, "SELECT 1").await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_search_is_cut_short_while_the_index_merges_the_words_that_begin_alike() {
    let place = Place::new();
    let store = place.open();
    let fill = store.write(|tx| -> Sql<()> {
        tx.execute_batch(
            "CREATE VIRTUAL TABLE words USING fts5 (body);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO words SELECT 'word' || i FROM n;",
        )
    });
    fill.await.unwrap();
    let search = "SELECT rowid FROM words WHERE words MATCH 'word*' LIMIT 1";
    assert_eq!(
        asked(&store, Duration::from_secs(20), search)
            .await
            .unwrap(),
        1
    );
    let late = asked(&store, Duration::ZERO, search).await;
    assert!(matches!(late, Err(ReadError::Late)), "{late:?}");
}

#[tokio::test]
async fn the_servers_own_reads_go_on_while_callers_have_every_reader() {
    let place = Place::new();
    let options = place.options();
    let (readers, store) = (options.readers, Store::open(options).unwrap());
    let (began, mut begun) = tokio::sync::mpsc::channel(readers);
    let mut holds = Vec::new();
    for _ in 0..readers {
        let (let_go, held) = mpsc::channel::<()>();
        let (store, began) = (store.clone(), began.clone());
        let read = async move {
            let time = Duration::from_secs(20);
            let hold = move |_: &rusqlite::Connection| -> Sql<()> {
                began.blocking_send(()).ok();
                held.recv().ok();
                Ok(())
            };
            store.read_within(time, hold).await.unwrap();
        };
        holds.push((tokio::spawn(read), let_go));
        begun.recv().await.unwrap();
    }
    let read = tokio::time::timeout(Duration::from_secs(20), notes(&store)).await;
    assert_eq!(read, Ok(Vec::new()));
    for (read, let_go) in holds {
        drop(let_go);
        read.await.unwrap();
    }
}
