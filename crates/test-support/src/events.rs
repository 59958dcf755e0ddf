use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
};

use serde_json::Value;

use crate::{
    Answer, PATIENCE,
    http::{read_answer, read_head},
};

/// A tab on an event stream.
pub struct EventStream {
    lines: BufReader<Chunked>,
    pub headers: Vec<(String, String)>,
}

/// One event of the stream.
#[derive(Debug, PartialEq)]
pub struct Event {
    pub id: Option<i64>,
    pub data: Value,
}

impl EventStream {
    /// `Err` when the request is answered with anything but a stream.
    pub fn open(address: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        let mut stream = TcpStream::connect(address).expect("the gateway listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket has a timeout");
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream
            .write_all((head + "\r\n").as_bytes())
            .expect("the gateway reads");
        let mut reader = BufReader::new(stream);
        let seen = reader.fill_buf().expect("an answer").to_vec();
        let is_stream = String::from_utf8_lossy(&seen).contains("text/event-stream");
        if !is_stream {
            return Err(read_answer(reader).expect("an answer"));
        }
        let (_, headers) = read_head(&mut reader).expect("an answer");
        Ok(Self {
            lines: BufReader::new(Chunked {
                inner: reader,
                left: 0,
            }),
            headers,
        })
    }

    /// The next event; `None` when the stream has ended.
    pub fn next_event(&mut self) -> Option<Event> {
        let (mut id, mut data) = (None, None);
        loop {
            let mut line = String::new();
            match self.lines.read_line(&mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
                Err(error) => panic!("waiting for an event: {error}"),
            }
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => id = Some(value.parse().expect("an id is a position")),
                Some(("data", value)) => {
                    data = Some(serde_json::from_str(value).expect("an event is JSON"));
                }
                Some(_) => panic!("an unknown field: {line}"),
                None => {
                    if let Some(data) = data {
                        return Some(Event { id, data });
                    }
                }
            }
        }
    }

    /// Everything up to and including the next event of this type.
    pub fn through(&mut self, kind: &str) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self
                .next_event()
                .unwrap_or_else(|| panic!("the stream ended before a {kind}"));
            let last = event.data["type"] == kind;
            events.push(event);
            if last {
                return events;
            }
        }
    }
}

/// The body of an answer in chunks (RFC 9112, section 7.1).
struct Chunked {
    inner: BufReader<TcpStream>,
    left: usize,
}

impl Read for Chunked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let mut size = String::new();
            self.inner.read_line(&mut size)?;
            if size.trim().is_empty() {
                self.inner.read_line(&mut size)?;
            }
            self.left = usize::from_str_radix(size.trim(), 16)
                .map_err(|_| io::Error::from(ErrorKind::UnexpectedEof))?;
            if self.left == 0 {
                return Ok(0);
            }
        }
        let wanted = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..wanted])?;
        self.left -= read;
        Ok(read)
    }
}
