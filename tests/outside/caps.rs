//! What one client, or all of them, may take of a gateway.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use antiphon_test_support::{EventStream, Install, PATIENCE, Refused, Tab, eventually};

fn tab(address: &str, user: i64) -> Result<Tab, Refused> {
    let bearer = format!("Bearer dev:{user}");
    Tab::connect(address, "/ws/user/me", &[("Authorization", &bearer)])
}

/// The status line that a request gets on a connection of its own, and the connection, kept open.
fn health(address: &str, from: Option<&str>) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(address).expect("the gateway listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("has a timeout");
    let from = from.map_or_else(String::new, |from| format!("X-Forwarded-For: {from}\r\n"));
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n{from}\r\n");
    stream
        .write_all(request.as_bytes())
        .expect("the gateway reads");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("the gateway answers");
    (String::from_utf8_lossy(&answer).into_owned(), stream)
}

#[test]
fn an_address_has_so_many_connections_and_one_more_when_one_ends() {
    let install = Install::new();
    let node = install.serve_with(&["gateway.caps.connections_per_address=2"]);
    let address = &*node.address;
    let first = health(address, None);
    let second = health(address, Some("1.2.3.4"));
    assert_eq!([&*first.0, &*second.0], ["HTTP/1.1 200"; 2]);
    assert_eq!(health(address, Some("1.2.3.5")).0, "HTTP/1.1 429");
    drop(first);
    eventually("a place for another", || {
        (health(address, None).0 == "HTTP/1.1 200").then_some(())
    });
}

#[test]
fn behind_a_trusted_proxy_each_client_is_counted_by_its_own_address() {
    let install = Install::new();
    let keys = [
        "gateway.caps.connections_per_address=1",
        "gateway.trusted_proxies=127.0.0.0/8",
    ];
    let node = install.serve_with(&keys);
    let address = &*node.address;
    let through = |client: &str| {
        let headers = [
            ("Authorization", "Bearer dev:1"),
            ("X-Forwarded-For", client),
        ];
        Tab::connect(address, "/ws/user/me", &headers)
    };
    let first = through("1.2.3.4").expect("is let in");
    assert_eq!(through("1.2.3.4").err().expect("is refused").status, 429);
    assert_eq!(
        through("9.9.9.9, 1.2.3.4")
            .err()
            .expect("is refused")
            .status,
        429
    );
    let headers = [
        ("Authorization", "Bearer dev:1"),
        ("X-Forwarded-For", "1.2.3.5"),
    ];
    let stream = EventStream::open(address, "/sse/user/me", &headers).expect("is let in");
    assert_eq!(through("1.2.3.5").err().expect("is refused").status, 429);
    drop(stream);
    eventually("a place after a stream", || through("1.2.3.5").ok());
    drop(first);
    eventually("a place for another", || through("1.2.3.4").ok());
}

#[test]
fn a_user_has_so_many_tabs() {
    let install = Install::new();
    let node = install.serve_with(&["gateway.caps.tabs_per_user=2"]);
    let address = &*node.address;
    let tabs = [tab(address, 1), tab(address, 1)].map(|tab| tab.expect("is let in"));
    assert_eq!(tab(address, 1).err().expect("is refused").status, 503);
    assert!(tab(address, 2).is_ok(), "another user");
    drop(tabs);
    eventually("a place for another", || tab(address, 1).ok());
}

#[test]
fn so_many_tabs_come_in_a_second() {
    let install = Install::new();
    let node = install.serve_with(&["gateway.caps.handshakes_per_second=1"]);
    let address = &*node.address;
    let _first = tab(address, 1).expect("is let in");
    let refused = std::iter::repeat_with(|| tab(address, 1).err()).take(20);
    let refused = refused.flatten().next().expect("some is refused");
    assert_eq!(refused.status, 503);
    eventually("a tab a second later", || tab(address, 1).ok());
}

#[test]
fn a_frame_is_as_long_as_configured() {
    let install = Install::new();
    let node = install.serve_with(&["gateway.caps.frame_bytes=2000"]);
    let address = &*node.address;
    let mut tab = tab(address, 1).expect("is let in");
    tab.send_text(&format!("{:2000}", "{\"type\":\"nothing\"}"));
    tab.until("error");
    tab.send_text(&" ".repeat(2001));
    assert_eq!(tab.end(), antiphon_test_support::Closed::With(1009));
}
