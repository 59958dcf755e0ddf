//! From the log to envelopes: who is to hear each event.

use std::{sync::Arc, time::Duration};

use antiphon_api::{
    events::Keep,
    ids::{Pos, UserId},
};
use antiphon_store::{Logged, Store, log};
use antiphon_wire::{Envelope, FromServer, Recipients};
use rusqlite::Connection;

use super::{Encoded, Fanout, encoded};
use crate::context::Failure;

/// How much is resolved at once, in events and bytes.
const STEP_EVENTS: usize = 256;
const STEP_BYTES: usize = 1 << 20;

/// How long the follower rests after the database failed it.
const REST: Duration = Duration::from_millis(200);

/// Turns what is committed into envelopes, in log order, until dropped.
pub(crate) async fn follow(store: Store, fanout: Arc<Fanout>) {
    let mut cursor = fanout.tail.head();
    let mut committed = store.tail().subscribe();
    loop {
        if committed.wait_for(|head| *head > cursor).await.is_err() {
            return;
        }
        match envelopes_after(&store, cursor).await {
            Ok(envelopes) => {
                cursor = envelopes.last().map_or(cursor, |envelope| envelope.pos);
                fanout.tail.push(envelopes);
            }
            Err(error) => {
                tracing::error!(
                    ?error,
                    pos = cursor.get(),
                    "events wait: the log cannot be read"
                );
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// The next envelopes after `cursor`, from the store's tail where it reaches, else from the log.
async fn envelopes_after(store: &Store, cursor: Pos) -> Result<Vec<Encoded>, Failure> {
    let recent = store.tail().after(cursor, STEP_EVENTS, STEP_BYTES);
    let resolved = store.read(move |db| match recent {
        Some(recent) => resolve(db, recent),
        None => page(db, cursor),
    });
    resolved.await.map_err(Into::into)
}

/// The next envelopes after `cursor`, from the log.
pub(super) fn page(db: &Connection, cursor: Pos) -> Result<Vec<Encoded>, Failure> {
    resolve(db, log::page(db, cursor, STEP_EVENTS, STEP_BYTES)?)
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
    let pos = logged.pos;
    let envelope = FromServer::Envelope(Envelope {
        pos: Some(pos),
        keep: Keep::Log,
        to: Recipients::Users(recipients),
        key: None,
        event: (*logged.event).to_owned(),
    });
    // Bounds on events and memberships keep every envelope under the limit of a message.
    let bytes = encoded(&envelope)
        .ok_or_else(|| Failure::Internal("an envelope is over the limit of the link".into()))?;
    Ok(Encoded { pos, bytes })
}
