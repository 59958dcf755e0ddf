//! HTTP written by hand, for what a proper client would not send.

use std::fmt::Write;

use antiphon_server::RPC_SOCKET;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::UnixStream,
};

use super::{House, soon};

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {self:?}"),
        }
    }

    /// The code of a single call's error.
    pub(crate) fn code(&self) -> i32 {
        let code = self.json()["error"]["code"].as_i64();
        match code.and_then(|code| i32::try_from(code).ok()) {
            Some(code) => code,
            None => panic!("no error in {self:?}"),
        }
    }

    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// One POST to rpc.sock on a connection of its own.
pub(crate) async fn post(
    house: &House,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Answer {
    let stream = UnixStream::connect(house.socket(RPC_SOCKET))
        .await
        .expect("connects");
    raw(stream, headers, body.as_ref()).await
}

/// One POST on `stream`, which it uses up.
pub(crate) async fn raw<S>(mut stream: S, headers: &[(&str, &str)], body: &[u8]) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = format!(
        "POST /rpc HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").expect("a String takes it");
    }
    head.push_str("\r\n");
    let mut answer = Vec::new();
    let exchange = async {
        // A server that refuses a request need not read all of it.
        let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    soon("an answer", exchange).await;
    parse(&String::from_utf8(answer).expect("an answer is text"))
}

fn parse(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.expect("a status"),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
