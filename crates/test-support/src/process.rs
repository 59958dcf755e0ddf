use std::{
    ffi::OsStr,
    fs,
    fs::File,
    io::{Seek, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::eventually;

/// Tests call as fast as they can; one that is about limits sets them with `--set`.
const UNLIMITED: &str = "1000000";

/// A running `antiphon`, killed when dropped.
pub struct Process {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// The binary under test: `ANTIPHON_BIN`, else the one of the same build as the test.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("ANTIPHON_BIN") {
        return path.into();
    }
    built(
        "antiphon",
        "cargo build -p antiphon-cli, or set ANTIPHON_BIN",
    )
}

/// An example of the Rust client, of the same build as the test.
pub fn example(name: &str) -> PathBuf {
    let file = Path::new("examples").join(name);
    built(file, "cargo build -p antiphon-client --examples")
}

fn built(file: impl AsRef<Path>, how: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2);
    let path = profile
        .expect("a test is in target/PROFILE/deps")
        .join(file);
    assert!(
        path.exists(),
        "{} is not there: build it first ({how})",
        path.display()
    );
    path
}

impl Process {
    /// Starts `antiphon` with these arguments; what it prints goes to files in `folder`.
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        let log = std::env::var("ANTIPHON_LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
        Self::start_logging(folder, args, &log)
    }

    /// As [`start`](Self::start), with `log.level` set to `log`.
    pub fn start_logging(folder: &Path, args: &[&str], log: &str) -> Self {
        let mut command = Command::new(binary());
        command.stdin(Stdio::null());
        Self::spawn(folder, args, log, command)
    }

    /// As [`start`](Self::start), but no file it writes may grow beyond `blocks` of 512 bytes:
    /// to it the disk is full then.
    pub fn start_with_small_files(folder: &Path, blocks: u32, args: &[&str]) -> Self {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.arg("-c").arg(limited).arg(binary());
        command.stdin(Stdio::null());
        Self::spawn(folder, args, "info", command)
    }

    /// Starts another program: an [`example`], or one of the system's that runs `antiphon`. It
    /// reads `input`.
    pub fn start_other(folder: &Path, program: &Path, args: &[&str], input: &str) -> Self {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(input.as_bytes()).expect("it is writable");
        file.rewind().expect("it has a beginning");
        let mut command = Command::new(program);
        command.stdin(file);
        Self::spawn(folder, args, "info", command)
    }

    pub(crate) fn spawn(folder: &Path, args: &[&str], log: &str, mut command: Command) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = Path::new(args.first().copied().unwrap_or("antiphon")).file_name();
        let name = name.and_then(OsStr::to_str).unwrap_or("other");
        let stdout = folder.join(format!("{number}-{name}.out"));
        let stderr = folder.join(format!("{number}-{name}.err"));
        let file = |path: &Path| Stdio::from(File::create(path).expect("the folder is writable"));
        for class in ["READ", "WRITE", "HEAVY", "SIGNAL"] {
            let rate = format!("ANTIPHON_SERVER_RATES_{class}");
            command.env(format!("{rate}_PER_SECOND"), UNLIMITED);
            command.env(format!("{rate}_BURST"), UNLIMITED);
        }
        let child = command
            .args(args)
            .current_dir(folder)
            .env("ANTIPHON_LOG_LEVEL", log)
            .env("ANTIPHON_LOG_FORMAT", "text")
            .stdout(file(&stdout))
            .stderr(file(&stderr))
            .spawn()
            .expect("the binary starts");
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Waits for a line of its output that holds `mark`, and returns that line.
    pub fn says(&mut self, mark: &str) -> String {
        eventually(&format!("a line with {mark:?}"), || {
            let text = fs::read_to_string(&self.stdout).unwrap_or_default();
            let line = text
                .lines()
                .find(|line| line.contains(mark))
                .map(ToOwned::to_owned);
            if line.is_none() && self.exited().is_some() {
                panic!("it ended before it said {mark:?}: {}", self.errors());
            }
            line
        })
    }

    /// What it wrote to standard error so far.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// What it wrote to standard output so far.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    /// Its status, if it has ended.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Starts it and waits for its end: the exit code, what it printed, what it complained of.
    pub fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
        let mut process = Self::start(folder, args);
        let code = process.wait().code().expect("it ends by itself");
        (code, process.output(), process.errors())
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the end of a process", || self.exited())
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, as `STOP` or `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success(), "kill -{name} failed");
    }

    /// `kill -9`, and waits for the end.
    pub fn kill(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
