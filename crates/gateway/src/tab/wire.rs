//! A TCP connection as a tab's task needs it.

use std::{
    cell::Cell,
    io::{self, ErrorKind, Read, Write},
    mem,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::WRITE_BYTES;

/// How long the client may take to read the end and answer it before its connection is dropped.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest buffer that a thread keeps, in bytes.
const MAX_SCRATCH_BYTES: usize = 4 * WRITE_BYTES;

thread_local! {
    /// What all tabs of a thread render into, one after the other: it stays in the caches.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A connection without blocking: reading takes what is there, writing goes to a buffer.
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    /// What is to be written.
    pub(super) out: Vec<u8>,
    /// How many bytes may be read in this turn.
    pub(super) may_read: usize,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.may_read);
        if most == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let read = self.stream.try_read(&mut buffer[..most])?;
        self.may_read -= read;
        Ok(read)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            out: Vec::new(),
            may_read: 0,
        }
    }

    /// What is to be written, to be added to. If that was nothing, it is a buffer of the thread's,
    /// to be [given back](Self::give_back): an idle tab holds none.
    pub(super) fn scratch(&mut self) -> &mut Vec<u8> {
        if self.out.capacity() == 0 {
            self.out = SCRATCH.take();
        }
        &mut self.out
    }

    /// Gives back an empty buffer.
    pub(super) fn give_back(&mut self) {
        let out = mem::take(&mut self.out);
        if (1..=MAX_SCRATCH_BYTES).contains(&out.capacity()) {
            SCRATCH.set(out);
        }
    }

    /// Writes what the socket takes now. Returns how many bytes that were.
    pub(super) fn try_write(&mut self) -> io::Result<usize> {
        let mut written = 0;
        while written < self.out.len() {
            match self.stream.try_write(&self.out[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if written == self.out.len() {
            self.out.clear();
            self.give_back();
        } else {
            self.out.drain(..written);
        }
        Ok(written)
    }

    /// Sends the rest and the end of the stream, then reads until the client has ended it too:
    /// closing with unread bytes would reset the connection, and the client might never see why.
    pub(super) async fn part(mut self) {
        let parting = async {
            self.stream.write_all(&self.out).await?;
            self.stream.shutdown().await?;
            let mut rest = [0; 512];
            while self.stream.read(&mut rest).await? > 0 {}
            Ok::<_, io::Error>(())
        };
        // Either way the connection is dropped now.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, parting).await;
    }
}
