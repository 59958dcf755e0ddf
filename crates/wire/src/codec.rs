use bytes::{Buf, Bytes, BytesMut};
use serde::Serialize;

use crate::MAX_MESSAGE_BYTES;

const PREFIX: usize = size_of::<u32>();

/// Why the bytes of a link cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("a message of {0} bytes is over the limit of {MAX_MESSAGE_BYTES}")]
    TooLong(usize),
    #[error("the message cannot be encoded")]
    Encode(#[source] serde_json::Error),
}

/// Appends one message to `out`, which is left as it was on an error.
pub fn encode(message: &impl Serialize, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let start = out.len();
    out.extend_from_slice(&[0; PREFIX]);
    let encoded = serde_json::to_writer(&mut *out, message).map_err(CodecError::Encode);
    let length = out.len() - start - PREFIX;
    let result = encoded.and_then(|()| match u32::try_from(length) {
        Ok(prefix) if length <= MAX_MESSAGE_BYTES => Ok(prefix),
        _ => Err(CodecError::TooLong(length)),
    });
    match result {
        Ok(prefix) => {
            out[start..start + PREFIX].copy_from_slice(&prefix.to_be_bytes());
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// Cuts a byte stream into messages. The length is checked before anything is allocated for it.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
}

impl Decoder {
    /// Where the next bytes of the stream go.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole message, or `None` until more bytes have come.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, CodecError> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > MAX_MESSAGE_BYTES {
            return Err(CodecError::TooLong(length));
        }
        if self.buffer.len() < PREFIX + length {
            self.buffer.reserve(PREFIX + length - self.buffer.len());
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, encode};
    use crate::{FromServer, MAX_MESSAGE_BYTES};

    fn stream_of(messages: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for message in messages {
            encode(message, &mut bytes).expect("encodes");
        }
        bytes
    }

    #[test]
    fn messages_survive_being_cut_at_every_byte() {
        let bytes = stream_of(&["one", "", "three"]);
        for cut in 0..=bytes.len() {
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                decoder.buffer().extend_from_slice(part);
                while let Some(message) = decoder.next_message().expect("is well formed") {
                    seen.push(String::from_utf8(message.to_vec()).expect("is text"));
                }
            }
            assert_eq!(seen, ["\"one\"", "\"\"", "\"three\""], "cut at {cut}");
        }
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_it_is_read() {
        let mut decoder = Decoder::default();
        let length = u32::try_from(MAX_MESSAGE_BYTES + 1).expect("fits");
        decoder.buffer().extend_from_slice(&length.to_be_bytes());
        assert!(decoder.next_message().is_err());
        assert!(decoder.buffer().capacity() < 1024);
    }

    /// A small generator of its own (xorshift), so that a failure can be repeated.
    fn noise(mut state: u64) -> impl FnMut() -> u8 {
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic_or_hold_more_than_a_message() {
        for seed in 1..2_000 {
            let mut next = noise(seed);
            let mut decoder = Decoder::default();
            for _ in 0..usize::from(next()) {
                // Short lengths are likely, so that messages come out of it.
                let byte = if next() < 160 { 0 } else { next() };
                decoder.buffer().extend_from_slice(&[byte]);
                match decoder.next_message() {
                    Ok(Some(message)) => drop(FromServer::decode(&message)),
                    Ok(None) => assert!(decoder.buffer().capacity() <= 2 * MAX_MESSAGE_BYTES),
                    Err(_) => break,
                }
            }
        }
    }

    #[test]
    fn a_message_over_the_limit_is_not_written() {
        let mut out = b"before".to_vec();
        assert!(encode(&"x".repeat(MAX_MESSAGE_BYTES), &mut out).is_err());
        assert_eq!(out, b"before");
    }
}
