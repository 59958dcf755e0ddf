//! What a gateway says on events.sock about where it is, told to a server that is none.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
};

use antiphon_test_support::{Http, Install, PATIENCE, Process, Tab, eventually};
use serde_json::{Value, json};

/// The far side of a link.
struct Far(UnixStream);

impl Far {
    /// The next gateway to come, and where it says it is.
    fn accept(listener: &UnixListener) -> (Self, Value) {
        let (stream, _) = listener.accept().expect("a gateway comes");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket has a timeout");
        let mut far = Self(stream);
        let mut length = [0; 4];
        far.0.read_exact(&mut length).expect("a length");
        let length = usize::try_from(u32::from_be_bytes(length)).expect("fits");
        let mut hello = vec![0; length];
        far.0.read_exact(&mut hello).expect("a hello");
        let hello: Value = serde_json::from_slice(&hello).expect("is JSON");
        assert_eq!(hello["type"], "hello");
        (far, hello["after"].clone())
    }

    fn say(&mut self, message: &Value) {
        let text = message.to_string();
        let length = u32::try_from(text.len()).expect("is short").to_be_bytes();
        self.0.write_all(&length).expect("the gateway listens");
        self.0
            .write_all(text.as_bytes())
            .expect("the gateway listens");
    }

    /// Says no more, and waits until the gateway has heard everything.
    fn leave(mut self) {
        self.0.shutdown(Shutdown::Write).expect("is connected");
        let mut leases = Vec::new();
        self.0.read_to_end(&mut leases).expect("the gateway leaves");
    }

    fn greet(&mut self, head: i64, reset: bool) {
        self.say(&json!({ "type": "hello", "v": 1, "head": head, "oldest": 1, "reset": reset }));
    }

    fn envelope(&mut self, pos: i64) {
        let event = json!({ "ts": 1, "type": "message.created", "data": {} });
        self.say(&json!({
            "pos": pos, "keep": "log", "to": [1], "event": event,
        }));
    }
}

/// A gateway in development whose server is the far side of the listener.
fn gateway(install: &Install) -> (UnixListener, Process) {
    let listener = UnixListener::bind(install.folder().join("events.sock")).expect("binds");
    let folder = install.folder().to_str().expect("is text");
    let args = [
        "gateway",
        "--dev",
        "--server",
        folder,
        "--listen",
        "127.0.0.1:0",
    ];
    (listener, Process::start(install.folder(), &args))
}

#[test]
fn events_and_a_reset_move_a_gateways_position_and_heartbeats_never_do() {
    let install = Install::new();
    let (listener, _gateway) = gateway(&install);
    let (mut far, after) = Far::accept(&listener);
    assert_eq!(after, Value::Null, "it has been nowhere");
    far.greet(100, false);
    far.say(&json!({ "type": "heartbeat", "head": 150 }));
    far.leave();
    let (mut far, after) = Far::accept(&listener);
    assert_eq!(after, 100, "where the first hello put it");
    far.greet(200, false);
    far.envelope(110);
    far.say(&json!({ "type": "heartbeat", "head": 200 }));
    far.leave();
    let (mut far, after) = Far::accept(&listener);
    assert_eq!(after, 110, "at the newest event");
    far.greet(50, true);
    far.leave();
    let (_far, after) = Far::accept(&listener);
    assert_eq!(after, 50, "where the reset put it");
}

#[test]
fn nobody_is_let_in_before_the_revocations_are_known() {
    let install = Install::new();
    let (listener, mut gateway) = gateway(&install);
    let line = gateway.says("http://");
    let address = line.split("http://").nth(1).expect("an address");
    let address = address.trim_end_matches('/');
    let open = |user: i64| {
        let bearer = format!("Bearer dev:{user}");
        let path = format!("/ws/user/{user}");
        Tab::connect(address, &path, &[("Authorization", &bearer)])
    };
    let refused = |user: i64| open(user).err().expect("is refused").status;
    let ready = || Http::tcp(address).get("/readyz").expect("an answer").status;

    let (mut far, _) = Far::accept(&listener);
    far.greet(100, false);
    let revoke = |user: i64| {
        json!({
            "type": "revoke", "principal": format!("user:{user}"), "jti": null,
            "before": 5, "until": 4_000_000_000_000_i64,
        })
    };
    far.say(&revoke(1));
    assert_eq!((refused(1), refused(2), ready()), (503, 503, 503));
    far.say(&revoke(3));
    far.say(&json!({ "type": "heartbeat", "head": 100 }));
    eventually("a gateway that is ready", || (ready() == 200).then_some(()));
    assert_eq!((refused(1), refused(3)), (401, 401));
    assert!(open(2).is_ok());
}
