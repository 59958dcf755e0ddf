//! Processes that are measured: on a core of their own, ended with their handle.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// Where a process runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Core {
    /// The first core, which what is measured has for itself.
    Measured,
    /// The second core, for what makes the load.
    Load,
    /// Any.
    Any,
}

pub(crate) struct Process {
    child: Child,
    /// Kept open, so that what it says after its first line breaks nothing.
    said: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a program. What it says on standard output is read by [`stdout`](Self::stdout) or
    /// [`says`](Self::says).
    pub(crate) fn start(core: Core, program: &Path, args: &[&str]) -> Result<Self> {
        Self::spawn(core, program, args, Path::new("."))
    }

    /// As [`start`](Self::start), in a folder.
    pub(crate) fn spawn(core: Core, program: &Path, args: &[&str], folder: &Path) -> Result<Self> {
        let mut command = match core {
            Core::Any => Command::new(program),
            Core::Measured | Core::Load => {
                let mut command = Command::new("taskset");
                let list = if matches!(core, Core::Load) { "1" } else { "0" };
                command.args(["--cpu-list", list]).arg(program);
                command
            }
        };
        let child = command
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Self { child, said: None })
    }

    pub(crate) fn stdin(&mut self) -> Result<ChildStdin> {
        self.child.stdin.take().context("standard input is taken")
    }

    pub(crate) fn stdout(&mut self) -> Result<BufReader<ChildStdout>> {
        let stdout = self.child.stdout.take();
        Ok(BufReader::new(stdout.context("standard output is taken")?))
    }

    /// Waits for its first line on standard output.
    pub(crate) fn says(&mut self) -> Result<String> {
        let mut line = String::new();
        let mut said = self.stdout()?;
        said.read_line(&mut line)?;
        self.said = Some(said);
        if line.is_empty() {
            bail!("a process ended before it was ready");
        }
        Ok(line)
    }

    /// The processor time it has taken so far, its own and the system's on its behalf.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        // The name in parentheses may have spaces in it; utime and stime are 12 and 13 behind it.
        let (_, fields) = stat.rsplit_once(')').context("no such stat")?;
        let ticks = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|ticks| Ok(ticks.parse::<u64>()?))
            .sum::<Result<u64>>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|line| line.split_whitespace().next())
            .context("no VmRSS")?;
        Ok(kib.parse::<u64>()? * 1024)
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
