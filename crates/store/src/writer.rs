//! The thread that writes.
//!
//! It takes a job, then what else has gathered, into one transaction with a savepoint per job, and
//! answers after the COMMIT; while the disk is busy the next batch gathers. A batch dies when a
//! closure ends the transaction, or SQLite does (a full disk, an I/O error), and when the COMMIT
//! fails. Then the thread ends: the jobs that ran are answered `indeterminate`, those still queued
//! as not begun, simply by being dropped (see `job`).

use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use rusqlite::Connection;
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot, watch},
    time::Instant,
};

use crate::{Batch, Logged, OnCommit, Result, Tail, Tx, job::Job, tx::Outbox};

/// Writes that wait at once; further callers wait for a place.
pub(crate) const QUEUE: usize = 1_024;

/// Jobs that may join the first one in its transaction.
const BATCH_MORE: usize = 128;

/// After so long without work the WAL is moved to the database file.
const IDLE: Duration = Duration::from_millis(250);

pub(crate) enum Message {
    /// The permit is the job's place in the queue.
    Work(Box<dyn Job>, OwnedSemaphorePermit),
    /// Answered at its turn; nothing is begun or written for it.
    Pulse(oneshot::Sender<()>, OwnedSemaphorePermit),
    Close,
}

/// How the thread is.
#[derive(Clone, Debug)]
pub(crate) enum Life {
    Running,
    /// All that was queued before is done.
    Closed,
    Failed(Arc<str>),
}

pub(crate) struct Writer {
    pub(crate) conn: Connection,
    pub(crate) queue: Receiver<Message>,
    pub(crate) outbox: Outbox,
    pub(crate) tail: Arc<Tail<Logged>>,
    pub(crate) life: watch::Sender<Life>,
    pub(crate) on_commit: Option<OnCommit>,
    /// Jobs of the present batch that have begun.
    pub(crate) begun: Vec<Box<dyn Job>>,
    pub(crate) closing: bool,
    pub(crate) _lock: File,
}

/// Why the writer cannot go on.
type Dead = String;

impl Writer {
    /// Works until the store is closed or dropped, or a batch dies.
    pub(crate) fn run(mut self) {
        let end = catch_unwind(AssertUnwindSafe(|| self.work()))
            .unwrap_or_else(|_| Err("the writer panicked".to_owned()));
        let life = match end {
            Ok(()) => Life::Closed,
            Err(reason) => Life::Failed(reason.into()),
        };
        let announce = self.life.clone();
        if matches!(life, Life::Failed(_)) {
            announce.send_replace(life);
        } else {
            self.checkpoint("TRUNCATE");
            drop(self);
            announce.send_replace(life);
        }
    }

    fn work(&mut self) -> Result<(), Dead> {
        let mut idle = true;
        while !self.closing {
            let message = if idle {
                self.queue
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.queue.recv_timeout(IDLE)
            };
            match message {
                Ok(Message::Work(job, place)) => {
                    drop(place);
                    self.batch(job)?;
                    idle = false;
                }
                Ok(Message::Pulse(reply, place)) => beat(reply, place),
                Err(RecvTimeoutError::Timeout) => {
                    self.checkpoint("PASSIVE");
                    idle = true;
                }
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(())
    }

    fn batch(&mut self, first: Box<dyn Job>) -> Result<(), Dead> {
        let began = Instant::now();
        self.sql("BEGIN IMMEDIATE")
            .map_err(|error| format!("cannot begin: {error}"))?;
        self.one(first)?;
        for _ in 0..BATCH_MORE {
            match self.queue.try_recv() {
                Ok(Message::Work(job, _)) => self.one(job)?,
                Ok(Message::Pulse(reply, place)) => beat(reply, place),
                Ok(Message::Close) => {
                    self.closing = true;
                    break;
                }
                Err(_) => break,
            }
        }
        let ran = Instant::now();
        self.sql("COMMIT")
            .map_err(|error| format!("a COMMIT failed: {error}"))?;
        let committed = Instant::now();
        if let Some(tell) = &self.on_commit {
            tell(Batch {
                writes: self.begun.len(),
                whole: committed - began,
                commit: committed - ran,
            });
        }
        self.publish(committed);
        Ok(())
    }

    /// Runs one job in its savepoint. A caller that has left before its job began is skipped.
    fn one(&mut self, mut job: Box<dyn Job>) -> Result<(), Dead> {
        if job.is_abandoned() {
            return Ok(());
        }
        let dead = |error| format!("a transaction was lost: {error}");
        self.sql("SAVEPOINT job").map_err(dead)?;
        let mark = self.outbox.mark();
        let keep = job.run(&mut Tx::new(&self.conn, &mut self.outbox));
        self.begun.push(job);
        if self.conn.is_autocommit() {
            return Err("an operation or an error ended the transaction".to_owned());
        }
        if !keep {
            self.sql("ROLLBACK TO job").map_err(dead)?;
            self.outbox.cut(mark);
        }
        self.sql("RELEASE job").map_err(dead)
    }

    /// The tail and the head first, so that who has an answer finds its events there.
    fn publish(&mut self, committed: Instant) {
        let events = self.outbox.events.drain(..).map(|event| Logged {
            committed: Some(committed.into_std()),
            ..event
        });
        self.tail.push(events);
        for job in self.begun.drain(..) {
            job.committed();
        }
    }

    fn sql(&self, statement: &str) -> Result<()> {
        self.conn.prepare_cached(statement)?.execute([]).map(drop)
    }

    /// A failure costs nothing but space: the WAL keeps what was not moved, and the next
    /// checkpoint writes it again.
    fn checkpoint(&self, mode: &str) {
        let run = self
            .conn
            .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
        if let Err(error) = run {
            tracing::warn!(%error, mode, "checkpoint failed");
        }
    }
}

fn beat(reply: oneshot::Sender<()>, place: OwnedSemaphorePermit) {
    drop(place);
    // Whoever has stopped waiting has given up the answer.
    let _ = reply.send(());
}
