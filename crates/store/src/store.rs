//! The handle everybody holds.

use std::{
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use antiphon_api::ids::Pos;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::{
    sync::{Semaphore, oneshot, watch},
    task::spawn_blocking,
};

use crate::{
    Logged, OpenError, Options, ReadError, Result, Tail, Tx, WriteError, job,
    open::{self, Opened},
    readers::Readers,
    tx::Outbox,
    writer::{Life, Message, QUEUE, Writer},
};

/// Connections for [`Store::read`].
const OWN_READERS: usize = 2;

/// A database: one writer, a few readers, the log. Cloning shares it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    queue: SyncSender<Message>,
    places: Arc<Semaphore>,
    readers: Arc<Readers>,
    own_readers: Arc<Readers>,
    tail: Arc<Tail<Logged>>,
    life: watch::Receiver<Life>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens or creates the database, brings it up to date and starts the writer. Blocks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let opened = open::open(&options)?;
        let readers = |count| {
            let readers = Readers::open(options.path.clone(), count);
            readers.map(Arc::new).map_err(|source| OpenError::Open {
                path: options.path.clone(),
                source,
            })
        };
        let readers = [readers(options.readers)?, readers(OWN_READERS)?];
        Self::start(opened, readers, &options).map_err(OpenError::Thread)
    }

    fn start(
        opened: Opened,
        [readers, own_readers]: [Arc<Readers>; 2],
        options: &Options,
    ) -> std::io::Result<Self> {
        let tail = Tail::new(opened.head, options.tail_events, options.tail_bytes);
        let tail = Arc::new(tail);
        // One place more than there are permits, for the word to close.
        let (queue, jobs) = sync_channel(QUEUE + 1);
        let (life, watched) = watch::channel(Life::Running);
        let writer = Writer {
            conn: opened.conn,
            queue: jobs,
            outbox: Outbox {
                events: Vec::new(),
                next: opened.next,
                max_event_bytes: options.max_event_bytes,
            },
            tail: Arc::clone(&tail),
            life,
            on_commit: options.on_commit.clone(),
            begun: Vec::new(),
            closing: false,
            _lock: opened.lock,
        };
        let thread = thread::Builder::new().name("store-writer".to_owned());
        let thread = thread.spawn(move || writer.run())?;
        let shared = Shared {
            queue,
            places: Arc::new(Semaphore::new(QUEUE)),
            readers,
            own_readers,
            tail,
            life: watched,
            thread: Mutex::new(Some(thread)),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Runs `work` in its own savepoint of the next transaction, and answers when that is on
    /// disk and its events are in the tail. Waits while 1,024 others wait. If this future is
    /// dropped before `work` has begun, `work` is skipped; after that it takes effect unheard.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (job, answer) = job::new(work);
        let places = Arc::clone(&self.shared.places);
        if let Ok(place) = places.acquire_owned().await {
            // A writer that is gone gives the job back, and dropping it answers.
            let _ = self.shared.queue.send(Message::Work(job, place));
        } else {
            drop(job);
        }
        let lost = WriteError::Unavailable {
            indeterminate: true,
        };
        answer.await.unwrap_or(Err(lost))
    }

    /// Whether the writer goes on: resolves when it has come to this in its queue, and touches no
    /// file for it. `false` once the writer has ended; never while it is held up.
    pub async fn pulse(&self) -> bool {
        let (reply, answer) = oneshot::channel();
        if let Ok(place) = Arc::clone(&self.shared.places).acquire_owned().await {
            // As in a write, a writer that is gone answers by dropping it.
            let _ = self.shared.queue.send(Message::Pulse(reply, place));
        } else {
            drop(reply);
        }
        answer.await.is_ok()
    }

    /// Runs `work` on a blocking thread, in a read transaction of its own: it sees one state of
    /// the database throughout. Waits while two such reads run, never for
    /// [`read_within`](Self::read_within): it is for what the server itself must know to go on, and
    /// `work` ends soon whatever a caller has asked. Reads go on after the writer has failed.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ReadError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.shared.own_readers.read(None, work).await
    }

    /// Runs `work` as [`read`](Self::read) does, on the connections for what callers ask, and
    /// waits while all of these are in use. After `time` at work its statement is interrupted and
    /// the read is [`ReadError::Late`].
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn read_within<T, E>(
        &self,
        time: Duration,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ReadError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.shared.readers.read(Some(time), work).await
    }

    /// The newest events.
    #[must_use]
    pub fn tail(&self) -> &Tail<Logged> {
        &self.shared.tail
    }

    /// The position of the newest event that is committed.
    #[must_use]
    pub fn head(&self) -> Pos {
        self.shared.tail.head()
    }

    /// Writes that wait for the writer now; at most 1,024.
    #[must_use]
    pub fn queued(&self) -> usize {
        QUEUE - self.shared.places.available_permits()
    }

    /// Waits until a batch has died, and says why; the process must end then. Never resolves if
    /// none does.
    pub async fn failed(&self) -> Arc<str> {
        let mut life = self.shared.life.clone();
        let failed = life.wait_for(|life| matches!(life, Life::Failed(_))).await;
        if let Ok(Life::Failed(reason)) = failed.as_deref() {
            return Arc::clone(reason);
        }
        drop(failed);
        std::future::pending().await
    }

    /// Waits for the reads that run and the writes that are queued, moves the WAL to the file and
    /// ends the writer. Whoever comes later is refused.
    pub async fn close(&self) {
        self.shared.readers.close().await;
        self.shared.own_readers.close().await;
        self.shared.places.close();
        let thread = self.shared.thread.lock().take();
        if let Some(thread) = thread {
            // There is room, so this fails only if the writer is gone.
            let _ = self.shared.queue.try_send(Message::Close);
            let _ = spawn_blocking(move || thread.join()).await;
        }
        let mut life = self.shared.life.clone();
        let _ = life.wait_for(|life| !matches!(life, Life::Running)).await;
    }
}
