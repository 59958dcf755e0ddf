use std::time::Duration;

use antiphon_api::{frame::ServerFrame, ids::Pos};
use futures_util::{SinkExt, StreamExt};
use tokio::io::DuplexStream;
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{Message, protocol::CloseFrame},
};

use super::{Auth, Closed, Content, Stream, Target};

const HELLO: &str = r#"{"type":"hello","protocol":1,"session":"s","resumed":"fresh","reason":null,"ping_interval_ms":25000,"pong_timeout_ms":10000,"server":"antiphon/0"}"#;
const PONG: &str = r#"{"type":"pong"}"#;
const PING: &str = r#"{"type":"ping","ts":1,"pos":9}"#;

async fn pair() -> (Stream<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let target = Target {
        url: "ws://gateway".into(),
        user: None,
        auth: Auth::Bearer("t".into()),
        resume: None,
    };
    let (tab, gateway) = tokio::join!(Stream::over(ours, &target), accept_async(theirs));
    (tab.expect("opens"), gateway.expect("accepts"))
}

/// What the gateway hears next, soon.
async fn heard(gateway: &mut WebSocketStream<DuplexStream>) -> Message {
    let next = tokio::time::timeout(Duration::from_secs(1), gateway.next()).await;
    let message = next.expect("something was said").expect("open");
    message.expect("a frame")
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_before_it_is_given_out() {
    let (mut tab, mut gateway) = pair().await;
    gateway.send(Message::text(PING)).await.expect("sent");
    let frame = tab.next().await.expect("a frame");
    assert_eq!(frame.raw.as_str(), PING);
    assert!(matches!(
        frame.content,
        Content::Control(ServerFrame::Ping { pos: Pos(9), .. })
    ));
    assert_eq!(heard(&mut gateway).await, Message::text(PONG));
}

#[tokio::test(start_paused = true)]
async fn the_close_code_is_told() {
    let (mut tab, mut gateway) = pair().await;
    let close = CloseFrame {
        code: 4014.into(),
        reason: "revoked".into(),
    };
    gateway.close(Some(close)).await.expect("sent");
    let closed = tab.next().await.expect_err("closed");
    assert_eq!(closed.code(), Some(4014));
    assert!(closed.is_terminal());
}

#[tokio::test(start_paused = true)]
async fn silence_for_longer_than_the_gateways_pings_ends_the_tab() {
    let (mut tab, mut gateway) = pair().await;
    gateway.send(Message::text(HELLO)).await.expect("sent");
    tab.next().await.expect("a frame");
    let began = tokio::time::Instant::now();
    let closed = tab.next().await.expect_err("silent");
    assert!(matches!(closed, Closed::Silent(_)));
    assert!(!closed.is_terminal());
    assert_eq!(began.elapsed().as_secs(), 35);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_loses_nothing() {
    let (mut tab, mut gateway) = pair().await;
    let dropped = tokio::time::timeout(Duration::from_secs(1), tab.next()).await;
    assert!(dropped.is_err());
    gateway.send(Message::text(HELLO)).await.expect("sent");
    let frame = tab.next().await.expect("a frame");
    assert_eq!(frame.raw.as_str(), HELLO);
}

#[tokio::test(start_paused = true)]
async fn a_pong_that_cannot_be_sent_yet_keeps_its_ping_for_the_next_wait() {
    let (mut tab, mut gateway) = pair().await;
    let filling = tokio::time::timeout(Duration::from_secs(1), tab.send_text("x".repeat(1 << 17)));
    assert!(filling.await.is_err());
    gateway.send(Message::text(PING)).await.expect("sent");
    let waiting = tokio::time::timeout(Duration::from_secs(1), tab.next());
    assert!(waiting.await.is_err());
    let (frame, filler) = tokio::join!(tab.next(), gateway.next());
    assert_eq!(frame.expect("a frame").raw.as_str(), PING);
    assert_eq!(filler.expect("open").expect("a frame").len(), 1 << 17);
    assert_eq!(heard(&mut gateway).await, Message::text(PONG));
}
