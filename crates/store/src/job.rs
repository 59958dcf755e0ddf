//! A closure on its way through the writer, and the answer to whoever waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{Result, Tx, WriteError};

type Answer<T, E> = Result<T, WriteError<E>>;

/// What the writer sees of a closure. Dropping a job answers it: `indeterminate` if it has run.
pub(crate) trait Job: Send {
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the closure and keeps its result. `false`: failed or panicked, to be undone.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Its batch is on disk: hands over the result.
    fn committed(self: Box<Self>);
}

struct Call<T, E, F> {
    work: Option<F>,
    result: Option<Answer<T, E>>,
    reply: Option<oneshot::Sender<Answer<T, E>>>,
}

pub(crate) fn new<T, E, F>(work: F) -> (Box<dyn Job>, oneshot::Receiver<Answer<T, E>>)
where
    T: Send + 'static,
    E: Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let call = Call {
        work: Some(work),
        result: None,
        reply: Some(reply),
    };
    (Box::new(call), answer)
}

impl<T, E, F> Job for Call<T, E, F>
where
    T: Send,
    E: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let result = match catch_unwind(AssertUnwindSafe(|| work(tx))) {
            Ok(result) => result.map_err(WriteError::Refused),
            Err(_) => Err(WriteError::Panicked),
        };
        self.result.insert(result).is_ok()
    }

    fn committed(mut self: Box<Self>) {
        if let (Some(reply), Some(result)) = (self.reply.take(), self.result.take()) {
            // Whoever has stopped waiting has given up the answer.
            let _ = reply.send(result);
        }
    }
}

impl<T, E, F> Drop for Call<T, E, F> {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            let indeterminate = self.work.is_none();
            let _ = reply.send(Err(WriteError::Unavailable { indeterminate }));
        }
    }
}
