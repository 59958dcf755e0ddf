use std::{
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use command_fds::{CommandFdExt, FdMapping};

use crate::{PATIENCE, Process, binary, now};

/// The first descriptor that is passed (`SD_LISTEN_FDS_START`).
const FIRST: i32 = 3;
/// The id is known to the process alone, which becomes `antiphon`.
const START: &str = "LISTEN_PID=$$ exec \"$0\" \"$@\"";

/// Plays systemd: keeps sockets, passes them to a process, and hears what that says of itself.
pub struct Supervisor {
    folder: PathBuf,
    sockets: Vec<(String, OwnedFd)>,
    watchdog: Option<Duration>,
    notify: UnixDatagram,
}

impl Supervisor {
    /// One for one process at a time, whose files are in `folder`.
    pub fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).expect("the folder is writable");
        let notify = UnixDatagram::bind(folder.join("notify")).expect("a socket can be bound");
        Self {
            folder,
            sockets: Vec::new(),
            watchdog: None,
            notify,
        }
    }

    /// With a socket, under this name.
    #[must_use]
    pub fn with(mut self, name: &str, socket: impl Into<OwnedFd>) -> Self {
        self.sockets.push((name.to_owned(), socket.into()));
        self
    }

    /// Expects the process to say that it goes on, at least so often.
    #[must_use]
    pub fn watching(mut self, every: Duration) -> Self {
        self.watchdog = Some(every);
        self
    }

    /// Starts `antiphon` with these arguments.
    pub fn spawn(&self, args: &[&str]) -> Process {
        let mut command = Command::new("sh");
        command.arg("-c").arg(START).arg(binary());
        command
            .stdin(Stdio::null())
            .env("NOTIFY_SOCKET", self.folder.join("notify"));
        if let Some(every) = self.watchdog {
            command.env("WATCHDOG_USEC", every.as_micros().to_string());
        }
        if !self.sockets.is_empty() {
            let names: Vec<&str> = self.sockets.iter().map(|(name, _)| &**name).collect();
            let mappings = self.sockets.iter().zip(FIRST..);
            let mappings = mappings.map(|((_, socket), child_fd)| FdMapping {
                parent_fd: socket.try_clone().expect("a descriptor can be had"),
                child_fd,
            });
            command
                .env("LISTEN_FDS", names.len().to_string())
                .env("LISTEN_FDNAMES", names.join(":"))
                .fd_mappings(mappings.collect())
                .expect("no two have one number");
        }
        Process::spawn(&self.folder, args, "info", command)
    }

    /// Starts it and waits until it says that it is ready.
    pub fn start(&self, args: &[&str]) -> Process {
        let process = self.spawn(args);
        self.hears("READY=1", &process);
        process
    }

    /// Waits until the process says this.
    pub fn hears(&self, line: &str, process: &Process) {
        let heard = self.hears_within(PATIENCE, line);
        assert!(heard, "it never said {line}: {}", process.errors());
    }

    /// Whether the process says this within a time; what it says else is dropped.
    pub fn hears_within(&self, wait: Duration, line: &str) -> bool {
        let until = now() + wait;
        loop {
            let left = until.saturating_duration_since(now());
            if left.is_zero() {
                return false;
            }
            let timeout = self.notify.set_read_timeout(Some(left));
            timeout.expect("a time above zero");
            let mut buffer = [0; 4096];
            let Ok(length) = self.notify.recv(&mut buffer) else {
                continue;
            };
            let said = String::from_utf8_lossy(&buffer[..length]);
            if said.lines().any(|said| said == line) {
                return true;
            }
        }
    }
}
