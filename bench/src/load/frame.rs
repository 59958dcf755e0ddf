//! WebSocket frames, as far as a load generator looks at them: where each begins and ends.

/// The first byte of a final text frame (RFC 6455, section 5.2).
const TEXT: u8 = 0x81;

/// A text frame as a server sends it.
pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![TEXT];
    match payload.len() {
        short @ 0..126 => frame.push(short as u8),
        medium @ 126..65_536 => {
            frame.push(126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// A text frame as a client sends it, of less than 126 bytes, masked with zeros.
pub(super) fn masked(payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126, "a load generator says little");
    let mut frame = vec![TEXT, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// The first frame's payload and the bytes behind it, if it is whole.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, length) = match *bytes.get(1)? {
        126 => (
            4,
            usize::from(u16::from_be_bytes(*bytes.get(2..4)?.first_chunk()?)),
        ),
        127 => {
            let length = u64::from_be_bytes(*bytes.get(2..10)?.first_chunk()?);
            (10, usize::try_from(length).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let rest = bytes.get(header..)?;
    (rest.len() >= length).then(|| rest.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::{split, text};

    #[test]
    fn frames_of_every_length_are_split_where_they_were_joined() {
        for length in [0, 1, 125, 126, 65_535, 65_536, 100_000] {
            let payload = vec![b'x'; length];
            let mut bytes = text(&payload);
            let whole = bytes.len();
            bytes.extend_from_slice(b"next");
            assert_eq!(
                split(&bytes),
                Some((&payload[..], &b"next"[..])),
                "{length}"
            );
            assert_eq!(
                split(&bytes[..whole - 1]).is_some(),
                length == 0 && whole > 2
            );
        }
    }
}
