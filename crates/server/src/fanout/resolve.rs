//! From the log to envelopes: who is to hear each event.

use std::{error::Error, sync::Arc, time::Duration};

use antiphon_api::{
    events::Keep,
    ids::{Pos, UserId},
};
use antiphon_store::{Logged, Store, log};
use antiphon_wire::{Envelope, FromServer, Recipients};
use rusqlite::Connection;

use super::{Encoded, Fanout, encoded};
use crate::{clock, context::Failure, metrics::Metrics};

/// How much is resolved at once, in events and bytes.
const STEP_EVENTS: usize = 256;
const STEP_BYTES: usize = 1 << 20;

/// How long the follower rests after the database failed it.
const REST: Duration = Duration::from_millis(200);

/// Turns what is committed into envelopes, in log order, until dropped. Should pruning overtake it,
/// the tail begins again at the log's head: every link below that ends, as the log does not reach
/// back to it either, and its gateway is told on its return that it has missed something.
pub(crate) async fn follow(store: Store, fanout: Arc<Fanout>, metrics: Metrics) {
    let mut cursor = fanout.tail.head();
    let mut committed = store.tail().subscribe();
    loop {
        if committed.wait_for(|head| *head > cursor).await.is_err() {
            return;
        }
        match envelopes_after(&store, cursor).await {
            Ok(Some(envelopes)) => {
                cursor = envelopes.last().map_or(cursor, |envelope| envelope.pos);
                let recipients = envelopes.iter().map(|envelope| envelope.recipients as u64);
                metrics.events.inc_by(envelopes.len() as u64);
                metrics.recipients.inc_by(recipients.sum());
                fanout.tail.push(envelopes);
            }
            Ok(None) => {
                let head = store.head();
                tracing::error!(
                    pos = cursor.get(),
                    head = head.get(),
                    "events were pruned before they were sent: every gateway begins again"
                );
                cursor = head;
                fanout.tail.restart(head);
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn Error,
                    pos = cursor.get(),
                    "events wait: the log cannot be read"
                );
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// The next envelopes after `cursor`, from the store's tail where it reaches, else from the log.
/// `None` when the log has no row at `cursor`: even of what the tail has, the recipients may have
/// been pruned.
async fn envelopes_after(store: &Store, cursor: Pos) -> Result<Option<Vec<Encoded>>, Failure> {
    let recent = store.tail().after(cursor, STEP_EVENTS, STEP_BYTES);
    let resolved = store.read(move |db| match recent {
        Some(recent) if log::is_known(db, cursor)? => resolve(db, recent).map(Some),
        _ => page_after(db, cursor),
    });
    resolved.await.map_err(Into::into)
}

/// The next envelopes after `cursor`, from the log. `None` when the log has no row at `cursor`: what
/// followed it may have been pruned, too.
pub(super) fn page_after(db: &Connection, cursor: Pos) -> Result<Option<Vec<Encoded>>, Failure> {
    if log::is_known(db, cursor)? {
        resolve(db, log::page(db, cursor, STEP_EVENTS, STEP_BYTES)?).map(Some)
    } else {
        Ok(None)
    }
}

fn resolve(db: &Connection, events: Vec<Logged>) -> Result<Vec<Encoded>, Failure> {
    events
        .into_iter()
        .map(|logged| {
            let recipients = log::recipients(db, logged.pos)?;
            envelope(logged, recipients)
        })
        .collect()
}

fn envelope(logged: Logged, recipients: Vec<UserId>) -> Result<Encoded, Failure> {
    let (pos, count) = (logged.pos, recipients.len());
    let envelope = FromServer::Envelope(Envelope {
        pos: Some(pos),
        keep: Keep::Log,
        to: Recipients::Users(recipients),
        key: None,
        committed_us: logged.committed.map(clock::wall_at),
        event: (*logged.event).to_owned(),
    });
    // Bounds on events and memberships keep every envelope under the limit of a message.
    let bytes = encoded(&envelope)
        .ok_or_else(|| Failure::internal("an envelope is over the limit of the link"))?;
    Ok(Encoded {
        pos,
        recipients: count,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::{Arc, mpsc},
        time::Duration,
    };

    use antiphon_api::ids::{Pos, UnixMs, UserId};
    use antiphon_store::{Audience, Options, Store, prune};
    use parking_lot::Mutex;
    use rusqlite::Connection;

    use super::{follow, page_after};
    use crate::{context::Failure, fanout::Fanout, metrics::Metrics};

    /// A store whose log was pruned to its newest row, and where its head was before.
    async fn pruned(folder: &Path) -> (Store, Pos) {
        let path = folder.join("log.db");
        let store = Store::open(Options::new(path, &[], 1000)).expect("opens");
        let behind = store.head();
        let pruned = store.write(|tx| {
            for _ in 0..3 {
                tx.emit(&Audience::user(UserId(1)), &"event", UnixMs(1))?;
            }
            let retention = prune::Retention {
                age: Duration::from_secs(1),
                rows: 1,
            };
            prune::step(tx, &retention, UnixMs(1_000_000))?;
            Ok::<_, Failure>(())
        });
        pruned.await.expect("is written");
        (store, behind)
    }

    #[tokio::test]
    async fn a_reader_that_pruning_has_overtaken_is_refused_and_not_given_a_hole() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, behind) = pruned(folder.path()).await;
        let read = store.read(move |db| page_after(db, behind));
        assert!(read.await.expect("is read").is_none());
        let newest = store.head();
        let read = store.read(move |db| page_after(db, newest));
        assert_eq!(read.await.expect("is read").map(|page| page.len()), Some(0));
    }

    #[tokio::test]
    async fn live_delivery_goes_on_while_callers_have_every_reader() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options::new(folder.path().join("log.db"), &[], 1000);
        let (readers, store) = (options.readers, Store::open(options).expect("opens"));
        let fanout = Arc::new(Fanout::new(store.head()));
        let (_let_go, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let (began, mut begun) = tokio::sync::mpsc::channel(readers);
        for _ in 0..readers {
            let (store, held, began) = (store.clone(), Arc::clone(&held), began.clone());
            tokio::spawn(async move {
                let hold = move |_: &Connection| {
                    began.blocking_send(()).ok();
                    held.lock().recv().ok();
                    Ok::<_, Failure>(())
                };
                store.read_within(Duration::from_secs(20), hold).await
            });
            begun.recv().await.expect("begins");
        }
        let mut told = fanout.tail.subscribe();
        let following = tokio::spawn(follow(store.clone(), Arc::clone(&fanout), Metrics::new()));
        let emit = store.write(|tx| {
            tx.emit(&Audience::user(UserId(1)), &"event", UnixMs(1))
                .map_err(Failure::from)
        });
        let head = emit.await.expect("is written");
        let told = told.wait_for(|pos| *pos == head);
        let told = tokio::time::timeout(Duration::from_secs(20), told).await;
        assert!(told.is_ok_and(|told| told.is_ok()));
        following.abort();
    }

    #[tokio::test]
    async fn a_follower_that_pruning_has_overtaken_begins_again_at_the_head() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, behind) = pruned(folder.path()).await;
        let fanout = Arc::new(Fanout::new(behind));
        let mut told = fanout.tail.subscribe();
        let following = tokio::spawn(follow(store.clone(), Arc::clone(&fanout), Metrics::new()));
        let head = store.head();
        let told = told.wait_for(|pos| *pos == head);
        let told = tokio::time::timeout(Duration::from_secs(20), told).await;
        assert!(told.is_ok_and(|told| told.is_ok()));
        assert!(fanout.tail.after(behind, 9, 9).is_none());
        assert_eq!(fanout.tail.floor(), head);
        following.abort();
    }
}
