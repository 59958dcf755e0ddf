use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A Unix socket in front of another that forwards, and breaks: what the far side says can be
/// held back, or cut after any number of bytes. What the near side says passes.
pub struct Proxy {
    rules: Arc<Rules>,
    connections: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Rules {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    held: bool,
    /// After how many bytes the coming connections are cut, one each; then none is.
    cuts: VecDeque<usize>,
}

impl Proxy {
    /// Listens at `at` for what listens, now or later, at `target`.
    pub fn start(at: &Path, target: &Path) -> Self {
        let listener = UnixListener::bind(at).expect("the socket can be made");
        let proxy = Self {
            rules: Arc::default(),
            connections: Arc::default(),
        };
        let (rules, connections) = (Arc::clone(&proxy.rules), Arc::clone(&proxy.connections));
        let target = target.to_owned();
        std::thread::spawn(move || accept(&listener, &target, &rules, &connections));
        proxy
    }

    /// Holds back what the far side says, until [`release`](Self::release).
    pub fn hold(&self) {
        self.rules.lock().held = true;
    }

    pub fn release(&self) {
        self.rules.lock().held = false;
        self.rules.changed.notify_all();
    }

    /// Cuts the coming connections after these numbers of bytes, one each.
    pub fn cut(&self, after: impl IntoIterator<Item = usize>) {
        self.rules.lock().cuts.extend(after);
    }

    /// How many connections are still to be cut.
    pub fn cuts_left(&self) -> usize {
        self.rules.lock().cuts.len()
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Rules {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while_held(&self) {
        let state = self.lock();
        drop(self.changed.wait_while(state, |state| state.held));
    }
}

/// Until the process ends: the listener's file goes with its temporary folder.
fn accept(
    listener: &UnixListener,
    target: &PathBuf,
    rules: &Arc<Rules>,
    connections: &AtomicUsize,
) {
    for near in listener.incoming().map_while(Result::ok) {
        let Ok(far) = UnixStream::connect(target) else {
            continue;
        };
        let limit = rules.lock().cuts.pop_front().unwrap_or(usize::MAX);
        connections.fetch_add(1, Ordering::SeqCst);
        let (Ok(from), Ok(to)) = (near.try_clone(), far.try_clone()) else {
            continue;
        };
        std::thread::spawn(move || pump(from, to, usize::MAX, None));
        let rules = Arc::clone(rules);
        std::thread::spawn(move || pump(far, near, limit, Some(&rules)));
    }
}

/// Forwards up to `limit` bytes, then ends the connection on both sides.
fn pump(mut from: UnixStream, mut to: UnixStream, mut limit: usize, rules: Option<&Rules>) {
    let mut buffer = [0; 16 << 10];
    while limit > 0
        && let Ok(read @ 1..) = from.read(&mut buffer)
    {
        if let Some(rules) = rules {
            rules.wait_while_held();
        }
        let passed = read.min(limit);
        if to.write_all(&buffer[..passed]).is_err() {
            break;
        }
        limit -= passed;
    }
    // Either may be closed already.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
