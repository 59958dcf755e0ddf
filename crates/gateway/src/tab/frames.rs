//! WebSocket frames from server to client: unmasked, final, text (RFC 6455, section 5.2).

/// The first byte of a final text frame.
const TEXT: u8 = 0x81;
/// The header of a frame whose payload has 126 to 65,535 bytes, which is nearly every event.
const HEADER: usize = 4;

/// Appends a text frame whose payload is what `write` appends.
pub(super) fn text(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[TEXT, 126, 0, 0]);
    write(out);
    let length = out.len() - start - HEADER;
    if let Ok(short) = u8::try_from(length)
        && short < 126
    {
        out[start + 1] = short;
        out.drain(start + 2..start + HEADER);
    } else if let Ok(medium) = u16::try_from(length) {
        out[start + 2..start + HEADER].copy_from_slice(&medium.to_be_bytes());
    } else {
        out[start + 1] = 127;
        let long = (length as u64).to_be_bytes();
        out.splice(start + 2..start + HEADER, long);
    }
}

#[cfg(test)]
mod tests {
    use tungstenite::{
        Message,
        protocol::{Role, WebSocketContext},
    };

    use super::text;

    #[test]
    fn a_client_reads_frames_of_every_length_back() {
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 300_000];
        let payloads: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).collect();
        let mut bytes = Vec::new();
        for payload in &payloads {
            text(&mut bytes, |out| out.extend_from_slice(payload.as_bytes()));
        }
        let mut stream = std::io::Cursor::new(bytes);
        let mut client = WebSocketContext::new(Role::Client, None);
        for payload in payloads {
            let message = client.read(&mut stream).expect("is a frame");
            assert_eq!(message, Message::text(payload));
        }
    }
}
