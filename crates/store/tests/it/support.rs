//! A store in a folder of its own, and the shortest way to do common things with it.

use std::{
    future::poll_fn,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, mpsc},
    task::Poll,
    time::Duration,
};

use antiphon_api::ids::{ChannelId, Pos, UnixMs, UserId};
use antiphon_store::{
    Audience, EmitError, OpenError, Options, Scope, Store, Tx, WriteError, rusqlite,
};
use tempfile::TempDir;
use tokio::task::{
    JoinHandle,
    coop::{Unconstrained, unconstrained},
};

pub(crate) const NOW: UnixMs = UnixMs(1_700_000_000_000);
pub(crate) const MAX_EVENT_BYTES: usize = 1_000;
pub(crate) const MIGRATIONS: &[&str] = &["CREATE TABLE note (text TEXT NOT NULL) STRICT"];
pub(crate) const GENERAL: Scope = Scope::Channel(ChannelId(1));
pub(crate) const ANN: UserId = UserId(1);
pub(crate) const BOB: UserId = UserId(2);

pub(crate) type Sql<T> = rusqlite::Result<T>;

/// A folder with a database that can be opened again and again.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("antiphon.db")
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.path(), MIGRATIONS, MAX_EVENT_BYTES)
    }

    pub(crate) fn try_open(&self) -> Result<Store, OpenError> {
        Store::open(self.options())
    }

    pub(crate) fn open(&self) -> Store {
        self.try_open().expect("the database opens")
    }

    /// A store, and who listens to its commits.
    pub(crate) fn open_listened(&self) -> (Store, Batches) {
        let batches = Batches::default();
        let told = batches.clone();
        let options = Options {
            on_commit: Some(Arc::new(move |batch| {
                told.0.lock().expect("nobody panicked").push(batch.writes);
            })),
            ..self.options()
        };
        (Store::open(options).expect("the database opens"), batches)
    }
}

/// How many writes each batch had.
#[derive(Clone, Default)]
pub(crate) struct Batches(Arc<Mutex<Vec<usize>>>);

impl Batches {
    pub(crate) fn so_far(&self) -> Vec<usize> {
        self.0.lock().expect("nobody panicked").clone()
    }
}

/// Emits `text` as an event to the channel `GENERAL`.
pub(crate) fn say(tx: &mut Tx<'_>, text: &str) -> Result<Pos, EmitError> {
    tx.emit(&Audience::channel(ChannelId(1)), &text, NOW)
}

pub(crate) fn note(tx: &Tx<'_>, text: &str) -> Sql<usize> {
    tx.execute("INSERT INTO note (text) VALUES (?1)", [text])
}

pub(crate) async fn say_alone(store: &Store, text: &'static str) -> Pos {
    store.write(move |tx| say(tx, text)).await.expect("said")
}

/// The notes that are in the database, in the order they were written.
pub(crate) async fn notes(store: &Store) -> Vec<String> {
    let texts = |conn: &rusqlite::Connection| -> Sql<Vec<String>> {
        conn.prepare("SELECT text FROM note ORDER BY rowid")?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    store.read(texts).await.expect("read")
}

/// The texts of the events in the log above `after`.
pub(crate) async fn logged(store: &Store, after: Pos) -> Vec<(Pos, String)> {
    let page = store.read(move |conn| antiphon_store::log::page(conn, after, 1_000, 1 << 20));
    let page = page.await.expect("read");
    page.iter().map(|row| (row.pos, text(row))).collect()
}

pub(crate) fn text(row: &antiphon_store::Logged) -> String {
    serde_json::from_str(row.event.get()).expect("a text")
}

/// Why the store has failed; panics if it does not say so within ten seconds.
pub(crate) async fn failure(store: &Store) -> Arc<str> {
    let failed = tokio::time::timeout(Duration::from_secs(10), store.failed());
    failed.await.expect("the failure is announced")
}

/// Keeps the writer inside a closure, so that what is queued meanwhile becomes one batch.
pub(crate) struct Hold {
    release: mpsc::Sender<()>,
    held: JoinHandle<Result<(), WriteError<()>>>,
}

impl Hold {
    pub(crate) async fn the_writer(store: &Store) -> Self {
        let (release, released) = mpsc::channel();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let store = store.clone();
        let hold = move |_: &mut Tx<'_>| {
            begun.send(()).ok();
            released.recv().map_err(|_| ())
        };
        let held = tokio::spawn(async move { store.write(hold).await });
        has_begun.await.expect("the writer has begun");
        Self { release, held }
    }

    /// Lets go, and answers what became of the holding closure itself.
    pub(crate) async fn release(self) -> Result<(), WriteError<()>> {
        self.release.send(()).expect("the writer waits");
        self.held.await.expect("no panic")
    }
}

/// Polls `future` once, so that a write is in the queue before the next line runs; unconstrained,
/// because after some hundred polls the runtime would make it wait for no reason of its own.
pub(crate) async fn queued<F>(future: F) -> Pin<Box<Unconstrained<F>>>
where
    F: Future,
{
    let mut future = Box::pin(unconstrained(future));
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    future
}
