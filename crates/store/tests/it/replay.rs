//! Replay: pages, and what they cost.

use antiphon_api::ids::{ChannelId, Pos, UserId};
use antiphon_store::{Audience, EmitError, Store, log, rusqlite};

use crate::support::{ANN, BOB, GENERAL, NOW, Place, Sql, say, text};

/// ANN is told `texts`, each between two events for BOB.
async fn told(store: &Store, texts: &'static [&'static str]) -> Vec<Pos> {
    let tell = move |tx: &mut antiphon_store::Tx<'_>| {
        texts
            .iter()
            .map(|text| {
                tx.emit(&Audience::user(BOB), &"other", NOW)?;
                tx.emit(&Audience::user(ANN).and(Audience::user(BOB)), text, NOW)
            })
            .collect::<Result<Vec<_>, EmitError>>()
    };
    store.write(tell).await.unwrap()
}

async fn page(
    store: &Store,
    after: Pos,
    max_events: usize,
    max_bytes: usize,
) -> (Vec<String>, bool) {
    let through = store.head();
    let page =
        store.read(move |conn| log::replay(conn, ANN, after, through, max_events, max_bytes));
    let page = page.await.unwrap();
    (page.events.iter().map(text).collect(), page.more)
}

fn texts(texts: &[&str], more: bool) -> (Vec<String>, bool) {
    (texts.iter().map(|&text| text.to_owned()).collect(), more)
}

#[tokio::test]
async fn a_page_ends_at_either_bound_and_says_whether_there_is_more() {
    let place = Place::new();
    let store = place.open();
    let start = store.head();
    let positions = told(&store, &["a", "b", "c"]).await;
    assert_eq!(
        page(&store, start, 9, 999).await,
        texts(&["a", "b", "c"], false)
    );
    assert_eq!(
        page(&store, start, 3, 999).await,
        texts(&["a", "b", "c"], false)
    );
    assert_eq!(page(&store, start, 2, 999).await, texts(&["a", "b"], true));
    assert_eq!(page(&store, start, 9, 6).await, texts(&["a", "b"], true));
    assert_eq!(page(&store, start, 9, 5).await, texts(&["a"], true));
    assert_eq!(
        page(&store, positions[1], 9, 999).await,
        texts(&["c"], false)
    );
    assert_eq!(page(&store, positions[2], 9, 999).await, texts(&[], false));
}

#[tokio::test]
async fn a_page_has_at_least_one_event_however_large_it_is() {
    let place = Place::new();
    let store = place.open();
    let start = store.head();
    told(&store, &["a", "b"]).await;
    assert_eq!(page(&store, start, 0, 0).await, texts(&["a"], true));
    let rows = store.read(move |conn| log::page(conn, start, 0, 0)).await;
    assert_eq!(rows.unwrap().len(), 1);
}

#[tokio::test]
async fn a_replay_ends_at_the_position_it_was_asked_for() {
    let place = Place::new();
    let store = place.open();
    let start = store.head();
    let positions = told(&store, &["a", "b", "c"]).await;
    let through = positions[1];
    let count = |cap| store.read(move |conn| log::count_for(conn, ANN, start, through, cap));
    assert_eq!(count(9).await.unwrap(), 2);
    assert_eq!(count(1).await.unwrap(), 1);
    let replayed = store.read(move |conn| log::replay(conn, ANN, start, through, 9, 999));
    let replayed = replayed.await.unwrap();
    assert_eq!(replayed.events.last().map(|row| row.pos), Some(through));
    assert!(!replayed.more);
}

#[tokio::test]
async fn the_page_of_the_whole_log_has_everybodys_events() {
    let place = Place::new();
    let store = place.open();
    let start = store.head();
    told(&store, &["a", "b"]).await;
    let rows =
        |max_rows, max_bytes| store.read(move |conn| log::page(conn, start, max_rows, max_bytes));
    let all: Vec<_> = rows(9, 999).await.unwrap().iter().map(text).collect();
    assert_eq!(all, ["other", "a", "other", "b"]);
    assert_eq!(rows(3, 999).await.unwrap().len(), 3);
    assert_eq!(rows(9, 10).await.unwrap().len(), 2);
}

/// The plans of both directions; each line is a step.
fn plans(conn: &rusqlite::Connection) -> Sql<Vec<String>> {
    let mut lines = Vec::new();
    for query in log::QUERIES {
        lines.push(query.split('(').next().unwrap_or_default().to_owned());
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {query}"))?;
        let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
        lines.extend(steps.collect::<Sql<Vec<_>>>()?);
    }
    Ok(lines)
}

#[tokio::test]
async fn both_directions_search_and_never_scan_a_table() {
    let place = Place::new();
    let lines = place.open().read(plans).await.unwrap();
    let all = lines.join("\n");
    let scans = lines.iter().filter(|line| line.starts_with("SCAN"));
    assert!(
        scans.clone().all(|line| line.starts_with("SCAN (subquery")),
        "{all}"
    );
    for search in [
        "SEARCH d USING COVERING INDEX audience_by_pos (pos=? AND kind=?)",
        "SEARCH a USING COVERING INDEX audience_by_pos (pos=?)",
        "SEARCH m USING PRIMARY KEY (kind=? AND scope_id=? AND to_pos>?)",
        "SEARCH d USING PRIMARY KEY (kind=? AND scope_id=? AND pos>? AND pos<?)",
        "SEARCH m USING INDEX membership_by_user (user_id=? AND to_pos>?)",
        "SEARCH a USING PRIMARY KEY (kind=? AND scope_id=? AND pos>? AND pos<?)",
    ] {
        assert!(all.contains(search), "{search} in\n{all}");
    }
}

/// What SQLite does for one query, in steps of its virtual machine.
fn steps(conn: &rusqlite::Connection, query: &str, window: &[(&str, i64)]) -> Sql<i32> {
    let mut statement = conn.prepare(query)?;
    for (name, value) in window {
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    drop(rows);
    Ok(statement.get_status(rusqlite::StatementStatus::VmStep))
}

/// A busy channel: others have come and gone, ANN has come and gone many times and is in it
/// for the last three events only.
async fn busy_channel(store: &Store) -> Pos {
    let history = |tx: &mut antiphon_store::Tx<'_>| {
        for round in 0..200 {
            tx.open_membership(GENERAL, UserId(100 + round), "member")?;
            tx.open_membership(GENERAL, ANN, "member")?;
            say(tx, "short visit")?;
            tx.close_membership(GENERAL, UserId(100 + round))?;
            tx.close_membership(GENERAL, ANN)?;
            for _ in 0..20 {
                say(tx, "unheard")?;
            }
        }
        tx.open_membership(GENERAL, ANN, "member")?;
        let before = tx.next_pos();
        for _ in 0..3 {
            say(tx, "heard")?;
        }
        Ok::<_, EmitError>(before)
    };
    store.write(history).await.unwrap()
}

#[tokio::test]
async fn a_replay_costs_what_the_user_missed_and_not_what_the_log_grew() {
    let place = Place::new();
    let store = place.open();
    let start = store.head();
    let before = busy_channel(&store).await;
    let head = store.head();
    let window = move |after: Pos| {
        vec![
            (":after", after.get()),
            (":through", head.get()),
            (":user", ANN.get()),
            (":limit", 1_000),
        ]
    };
    let (last, all, live) = store
        .read(move |conn| {
            let [recipients, missed, _] = log::QUERIES;
            let last = steps(conn, missed, &window(Pos(before.get() - 1)))?;
            let all = steps(conn, missed, &window(start))?;
            let live = steps(conn, recipients, &window(Pos(head.get() - 1)))?;
            Sql::Ok((last, all, live))
        })
        .await
        .unwrap();
    assert!(last < 200, "3 events missed: {last} steps");
    assert!(all < 200 * 60, "203 of 4,203 events missed: {all} steps");
    assert!(
        live < 200,
        "1 recipient, 400 past memberships: {live} steps"
    );
    let heard = store
        .read(move |conn| log::count_for(conn, ANN, start, head, 1_000))
        .await;
    assert_eq!(heard.unwrap(), 203);
}

#[tokio::test]
async fn an_event_for_a_channel_is_one_row_however_many_members_it_has() {
    let place = Place::new();
    let store = place.open();
    let rows = store.write(|tx| {
        for user in 1..=100 {
            tx.open_membership(GENERAL, UserId(user), "member")?;
        }
        let pos = tx.emit(&Audience::channel(ChannelId(1)), &"x", NOW)?;
        assert_eq!(log::recipients(tx, pos)?.len(), 100);
        let count = "SELECT count(*) FROM audience";
        Ok::<_, EmitError>(tx.query_row(count, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(rows.await.unwrap(), 1);
}
