//! How a tab's task is told that there is output.

use std::{
    future::poll_fn,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

/// Rung by anybody, heard by the tab's task alone. Ringing one that was not heard yet does nothing.
///
/// A [`Notify`](tokio::sync::Notify) does the same for many listeners, behind a lock.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: AtomicBool,
    listener: AtomicWaker,
}

impl Bell {
    pub(super) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.listener.wake();
        }
    }

    /// Ready once for any number of rings since it was ready last.
    pub(crate) fn poll_rung(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.rung.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        self.listener.register(context.waker());
        // It may have been rung before the listener was known.
        if self.rung.swap(false, Ordering::AcqRel) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    pub(crate) async fn rung(&self) {
        poll_fn(|context| self.poll_rung(context)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::Arc,
        task::{Context, Poll, Wake, Waker},
    };

    use super::Bell;

    struct Count(std::sync::atomic::AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[test]
    fn rings_before_and_after_listening_are_heard_and_many_are_heard_as_one() {
        let count = Arc::new(Count(0.into()));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let woken = || count.0.load(std::sync::atomic::Ordering::Relaxed);
        let bell = Bell::default();
        bell.ring();
        assert_eq!(bell.poll_rung(&mut context), Poll::Ready(()));
        assert_eq!(bell.poll_rung(&mut context), Poll::Pending);
        bell.ring();
        bell.ring();
        assert_eq!(woken(), 1);
        assert_eq!(bell.poll_rung(&mut context), Poll::Ready(()));
        assert_eq!(bell.poll_rung(&mut context), Poll::Pending);
        bell.ring();
        assert_eq!(woken(), 2);
    }
}
