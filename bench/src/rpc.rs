//! Calls over rpc.sock, with no more HTTP than they need.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use antiphon_wire::RPC_SOCKET;
use anyhow::{Context, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};

use crate::load::now_ns;

const PATIENCE: Duration = Duration::from_secs(30);

/// One caller, who waits for each answer.
pub(crate) struct Rpc {
    stream: UnixStream,
}

impl Rpc {
    /// Connects to the server whose sockets are in `folder`.
    pub(crate) fn connect(folder: &Path) -> Result<Self> {
        let stream = UnixStream::connect(folder.join(RPC_SOCKET))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    /// A call's result, made as a user or else as the operator.
    pub(crate) fn call(
        &mut self,
        user: Option<i64>,
        method: &str,
        params: &Value,
    ) -> Result<Value> {
        let mut results = self.batch(user, method, std::slice::from_ref(params))?;
        results.pop().context("no answer")
    }

    /// Many calls of one method in one request; the results in that order.
    pub(crate) fn batch(
        &mut self,
        user: Option<i64>,
        method: &str,
        params: &[Value],
    ) -> Result<Vec<Value>> {
        let call = |(id, params): (usize, &Value)| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let calls: Vec<Value> = params.iter().enumerate().map(call).collect();
        self.stream
            .write_all(&request(user, &serde_json::to_vec(&calls)?))?;
        let mut bytes = Vec::new();
        while body(&bytes)?.is_none() {
            let mut chunk = [0; 64 << 10];
            let count = self.stream.read(&mut chunk)?;
            ensure!(count > 0, "the server hung up");
            bytes.extend_from_slice(&chunk[..count]);
        }
        let answers: Vec<Value> = serde_json::from_slice(body(&bytes)?.unwrap_or_default())?;
        let result = |mut answer: Value| match answer.get("error") {
            Some(error) => bail!("{method}: {error}"),
            None => Ok(answer["result"].take()),
        };
        answers.into_iter().map(result).collect()
    }
}

fn request(user: Option<i64>, body: &[u8]) -> Vec<u8> {
    let user = user
        .map(|id| format!("Antiphon-User: {id}\r\n"))
        .unwrap_or_default();
    let head = format!(
        "POST /rpc HTTP/1.1\r\nHost: antiphon\r\nContent-Type: application/json\r\n{user}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The body of an answer that is all there.
fn body(answer: &[u8]) -> Result<Option<&[u8]>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    ensure!(head.starts_with("http/1.1 200"), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .context("an answer without a length")?;
    Ok(answer[end + 4..].get(..length.parse()?))
}

/// Many callers at once, each of whom makes the same call again as soon as it is answered.
pub(crate) struct Callers {
    poll: Poll,
    callers: Vec<Caller>,
}

struct Caller {
    stream: mio::net::UnixStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Callers {
    /// `calls` has, for each, the user and the parameters of `method`.
    pub(crate) fn connect(folder: &Path, method: &str, calls: &[(i64, Value)]) -> Result<Self> {
        let poll = Poll::new()?;
        let caller = |(index, (user, params)): (usize, &(i64, Value))| {
            let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
            let stream = UnixStream::connect(folder.join(RPC_SOCKET))?;
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::UnixStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(index), Interest::READABLE)?;
            Ok(Caller {
                stream,
                request: request(Some(*user), &serde_json::to_vec(&call)?),
                answer: Vec::new(),
            })
        };
        let callers = calls
            .iter()
            .enumerate()
            .map(caller)
            .collect::<Result<_>>()?;
        Ok(Self { poll, callers })
    }

    /// Calls for so long; how many calls were answered, and how long it took until the last was.
    pub(crate) fn run(&mut self, time: Duration) -> Result<(u64, Duration)> {
        let begun = now_ns();
        let over = begun + u64::try_from(time.as_nanos())?;
        for caller in &mut self.callers {
            caller.ask()?;
        }
        let mut under_way = self.callers.len();
        let mut answered = 0;
        let mut events = Events::with_capacity(256);
        while under_way > 0 {
            self.poll.poll(&mut events, Some(PATIENCE))?;
            ensure!(!events.is_empty(), "no answer for {PATIENCE:?}");
            for event in &events {
                let caller = &mut self.callers[event.token().0];
                if !caller.hear()? {
                    continue;
                }
                answered += 1;
                if now_ns() < over {
                    caller.ask()?;
                } else {
                    under_way -= 1;
                }
            }
        }
        Ok((answered, Duration::from_nanos(now_ns() - begun)))
    }
}

impl Caller {
    fn ask(&mut self) -> Result<()> {
        Ok(self.stream.write_all(&self.request)?)
    }

    /// Whether the answer is all there; one that is an error is an error.
    fn hear(&mut self) -> Result<bool> {
        let mut chunk = [0; 16 << 10];
        match self.stream.read(&mut chunk) {
            Ok(0) => bail!("the server hung up"),
            Ok(count) => self.answer.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let Some(body) = body(&self.answer)? else {
            return Ok(false);
        };
        ensure!(
            body.windows(9).any(|window| window == b"\"result\":"),
            "{}",
            String::from_utf8_lossy(body)
        );
        self.answer.clear();
        Ok(true)
    }
}
