//! What a closure of [`Store::write`](crate::Store::write) works on.

use std::ops::Deref;

use antiphon_api::ids::{Pos, UnixMs};
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{Audience, EmitError, Logged, Result};

/// A closure's part of the writer's transaction: a savepoint, undone if the closure fails or
/// panics. It must not end the transaction itself; that kills the batch. SQLite too can end it
/// when a statement fails (a full disk), and what is executed after that stands alone, so a
/// closure fails with the first error it gets.
pub struct Tx<'a> {
    conn: &'a Connection,
    outbox: &'a mut Outbox,
}

/// The events of a batch, and where the log goes on.
pub(crate) struct Outbox {
    pub(crate) events: Vec<Logged>,
    pub(crate) next: Pos,
    pub(crate) max_event_bytes: usize,
}

impl Outbox {
    pub(crate) const fn mark(&self) -> (usize, Pos) {
        (self.events.len(), self.next)
    }

    /// Cuts what was emitted since the mark; SQLite takes the rows back itself.
    pub(crate) fn cut(&mut self, (events, next): (usize, Pos)) {
        self.events.truncate(events);
        self.next = next;
    }
}

impl<'a> Tx<'a> {
    pub(crate) const fn new(conn: &'a Connection, outbox: &'a mut Outbox) -> Self {
        Self { conn, outbox }
    }

    /// The position the next event will get.
    #[must_use]
    pub const fn next_pos(&self) -> Pos {
        self.outbox.next
    }

    /// Appends `event`, which serialises to the whole `{"ts":…,"type":…,"data":…}`, for
    /// `audience` as it is at this moment of the transaction. `now` is what retention counts from.
    ///
    /// # Errors
    /// See [`EmitError`]; the closure should fail with it.
    pub fn emit(
        &mut self,
        audience: &Audience,
        event: &impl Serialize,
        now: UnixMs,
    ) -> Result<Pos, EmitError> {
        if self.is_autocommit() {
            return Err(EmitError::TransactionLost);
        }
        audience.check()?;
        let event = to_raw_value(event).map_err(EmitError::NotJson)?;
        let limit = self.outbox.max_event_bytes;
        if event.get().len() > limit {
            return Err(EmitError::TooLarge { limit });
        }
        let pos = Pos::checked(self.outbox.next.get()).ok_or(EmitError::OutOfPositions)?;
        self.append(pos, audience, &event, now)?;
        self.outbox.next = Pos(pos.get() + 1);
        self.outbox.events.push(Logged {
            pos,
            event: event.into(),
            committed: None,
        });
        Ok(pos)
    }

    fn append(&self, pos: Pos, audience: &Audience, event: &RawValue, now: UnixMs) -> Result<()> {
        self.prepare_cached("INSERT INTO log (pos, at, event) VALUES (?1, ?2, ?3)")?
            .execute(params![pos.get(), now.get(), event.get()])?;
        let mut part =
            self.prepare_cached("INSERT INTO audience (kind, scope_id, pos) VALUES (?1, ?2, ?3)")?;
        for (kind, id) in audience.keys() {
            part.execute([kind, id, pos.get()])?;
        }
        Ok(())
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}
