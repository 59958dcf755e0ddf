use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::PathBuf,
};

use serde_json::{Value, json};

use crate::PATIENCE;

/// A plain HTTP/1.1 client: one connection for each request.
#[derive(Clone)]
pub struct Http {
    to: To,
    headers: Vec<(String, String)>,
}

#[derive(Clone)]
enum To {
    Unix(PathBuf),
    Tcp(String),
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.body))
    }
}

impl Http {
    pub fn unix(path: PathBuf) -> Self {
        Self {
            to: To::Unix(path),
            headers: Vec::new(),
        }
    }

    pub fn tcp(address: &str) -> Self {
        Self {
            to: To::Tcp(address.to_owned()),
            headers: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Calls a method. `Ok(Err(…))` never: an RPC error is an `Err` with its JSON, a failure of
    /// the transport a panic; see [`try_call`](Self::try_call).
    pub fn call(&self, method: &str, params: Value) -> Result<Value, Value> {
        self.try_call(method, params).expect("the server answers")
    }

    /// As [`call`](Self::call), for a server that may be away.
    pub fn try_call(&self, method: &str, params: Value) -> io::Result<Result<Value, Value>> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.post("/rpc", &body.to_string())?;
        let mut answer: Value = serde_json::from_str(&answer.body)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(if answer["error"].is_null() {
            Ok(answer["result"].take())
        } else {
            Err(answer["error"].take())
        })
    }

    pub fn get(&self, path: &str) -> io::Result<Answer> {
        self.request("GET", path, "")
    }

    pub fn post(&self, path: &str, body: &str) -> io::Result<Answer> {
        self.request("POST", path, body)
    }

    pub fn request(&self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        match &self.to {
            To::Unix(socket) => {
                let stream = UnixStream::connect(socket)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                self.exchange(stream, "localhost", method, path, body)
            }
            To::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                self.exchange(stream, address, method, path, body)
            }
        }
    }

    fn exchange(
        &self,
        mut stream: impl Read + Write,
        host: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            head += &format!("Host: {host}\r\n");
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes())?;
        // A server that refuses may answer before it has read everything.
        let _ = stream.write_all(body.as_bytes());
        read_answer(BufReader::new(stream))
    }
}

/// An answer's status and headers, and the reader at its body.
pub(crate) fn read_head(reader: &mut impl BufRead) -> io::Result<(u16, Vec<(String, String)>)> {
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(broken)?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok((status, headers))
}

/// An answer with its length in a header, or that ends with the connection.
pub(crate) fn read_answer(mut reader: impl BufRead) -> io::Result<Answer> {
    let (status, headers) = read_head(&mut reader)?;
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = Vec::new();
    match length.and_then(|(_, length)| length.parse::<usize>().ok()) {
        Some(length) => {
            body.resize(length, 0);
            reader.read_exact(&mut body)?;
        }
        None => {
            reader.read_to_end(&mut body)?;
        }
    }
    Ok(Answer {
        status,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
