//! The read-only connections.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking, time::Instant};

use crate::{ReadError, Result, open};

/// After so many steps of SQLite's machine a read looks at the clock. A page of the full-text index
/// is a few steps.
const STEPS_PER_LOOK: i32 = 100;

/// As many connections as permits; a connection that was lost is opened anew when it is needed.
pub(crate) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    count: u32,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn open(path: PathBuf, count: usize) -> Result<Self> {
        let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
        let idle = (0..count)
            .map(|_| open::reader(&path))
            .collect::<Result<_>>()?;
        Ok(Self {
            path,
            permits: Arc::new(Semaphore::new(count as usize)),
            count,
            idle: Mutex::new(idle),
        })
    }

    pub(crate) async fn read<T, E>(
        self: &Arc<Self>,
        time: Option<Duration>,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ReadError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let permits = Arc::clone(&self.permits);
        let permit = permits
            .acquire_owned()
            .await
            .map_err(|_| ReadError::Closed)?;
        let readers = Arc::clone(self);
        let run = move || {
            let result = readers.run(time, work);
            drop(permit);
            result
        };
        spawn_blocking(run).await.unwrap_or(Err(ReadError::Closed))
    }

    /// Waits for the reads that run; later ones are refused.
    pub(crate) async fn close(&self) {
        if let Ok(all) = self.permits.acquire_many(self.count).await {
            self.permits.close();
            self.idle.lock().clear();
            drop(all);
        }
    }

    fn run<T, E>(
        &self,
        time: Option<Duration>,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, ReadError<E>> {
        let kept = self.idle.lock().pop();
        let mut conn = kept
            .map_or_else(|| open::reader(&self.path), Ok)
            .map_err(ReadError::Sqlite)?;
        let result = match time {
            Some(time) => timed(&mut conn, time, work),
            None => snapshot(&conn, work),
        };
        if conn.is_autocommit() {
            self.idle.lock().push(conn);
        }
        result
    }
}

fn timed<T, E>(
    conn: &mut Connection,
    time: Duration,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, ReadError<E>> {
    let is_late = Arc::new(AtomicBool::new(false));
    let (began, late) = (Instant::now(), Arc::clone(&is_late));
    let look = move || {
        let over = began.elapsed() > time;
        late.fetch_or(over, Relaxed);
        over
    };
    conn.progress_handler(STEPS_PER_LOOK, Some(look))
        .map_err(ReadError::Sqlite)?;
    let result = snapshot(conn, work);
    conn.progress_handler(0, None::<fn() -> bool>)
        .map_err(ReadError::Sqlite)?;
    if is_late.load(Relaxed) {
        return Err(ReadError::Late);
    }
    result
}

fn snapshot<T, E>(
    conn: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, ReadError<E>> {
    let tx = conn.unchecked_transaction().map_err(ReadError::Sqlite)?;
    match catch_unwind(AssertUnwindSafe(|| work(&tx))) {
        Ok(result) => result.map_err(ReadError::Refused),
        Err(_) => Err(ReadError::Panicked),
    }
}
