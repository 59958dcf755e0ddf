use std::time::Duration;

use antiphon_api::{
    ids::{Pos, Seq},
    resume::ResyncReason,
};
use futures_util::SinkExt;
use http::StatusCode;
use tokio::{io::DuplexStream, sync::mpsc, time::Instant};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{Message, protocol::CloseFrame},
};

use super::{Follow, Lost, Stopped, Update};
use crate::{
    cursor::{Gap, StaleSnapshot},
    stream::{Auth, ConnectError, Stream, Target},
};

/// The other side of every connection that is dialed, with the position it came with.
struct Gateway {
    dials: mpsc::Receiver<(Option<Pos>, DuplexStream)>,
}

struct Tab {
    resume: Option<Pos>,
    socket: WebSocketStream<DuplexStream>,
}

fn follow(from: Option<i64>) -> (Follow<DuplexStream>, Gateway) {
    let (dialed, dials) = mpsc::channel(1);
    let follow = Follow::dialing(from.map(Pos), move |resume| {
        let dialed = dialed.clone();
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            dialed.send((resume, theirs)).await.ok();
            let target = Target {
                url: "ws://gateway".into(),
                user: None,
                auth: Auth::Bearer("t".into()),
                resume,
            };
            Stream::over(ours, &target).await
        })
    });
    (follow, Gateway { dials })
}

impl Gateway {
    /// A tab that is greeted and live.
    async fn accept(&mut self, resumed: &str, seq: i64, pos: i64) -> Tab {
        let reason = if resumed == "resync" {
            r#""expired""#
        } else {
            "null"
        };
        let (resume, io) = self.dials.recv().await.expect("dialed");
        let socket = accept_async(io).await.expect("upgraded");
        let mut tab = Tab { resume, socket };
        tab.say(&format!(r#"{{"type":"hello","protocol":1,"session":"s","resumed":"{resumed}","reason":{reason},"ping_interval_ms":25000,"pong_timeout_ms":10000,"server":"x"}}"#)).await;
        tab.say(&format!(
            r#"{{"type":"live","seq":{seq},"pos":{pos},"replayed":0}}"#
        ))
        .await;
        tab
    }
}

impl Tab {
    async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("sent");
    }

    async fn event(&mut self, seq: i64, pos: i64) {
        self.say(&format!(r#"{{"seq":{seq},"pos":{pos},"ts":1,"type":"channel.member_joined","data":{{"channel_id":1,"user_id":2}}}}"#)).await;
    }

    async fn close(&mut self, code: u16) {
        let close = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        self.socket.close(Some(close)).await.expect("sent");
    }
}

async fn next(follow: &mut Follow<DuplexStream>) -> Update {
    follow.next().await.expect("goes on")
}

/// The position of the event that comes next.
async fn next_event(follow: &mut Follow<DuplexStream>) -> Option<Pos> {
    match next(follow).await {
        Update::Event(event) => event.pos,
        other @ (Update::Resynced { .. } | Update::Live { .. } | Update::Disconnected { .. }) => {
            panic!("{other:?} is no event")
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tab_that_is_cut_off_comes_back_with_its_position() {
    let (mut follow, mut gateway) = follow(Some(100));
    let (update, mut tab) = tokio::join!(next(&mut follow), gateway.accept("ring", 10, 100));
    assert_eq!(tab.resume, Some(Pos(100)));
    assert!(matches!(update, Update::Live { pos: Pos(100) }));
    tab.event(11, 105).await;
    assert_eq!(next_event(&mut follow).await, Some(Pos(105)));
    drop(tab);
    let update = next(&mut follow).await;
    assert!(matches!(
        update,
        Update::Disconnected {
            why: Lost::Closed(_),
            ..
        }
    ));
    let (update, tab) = tokio::join!(next(&mut follow), gateway.accept("ring", 11, 105));
    assert_eq!(tab.resume, Some(Pos(105)));
    assert!(matches!(update, Update::Live { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_tab_without_state_is_asked_for_a_snapshot_then_gets_what_came_after_it() {
    let (mut follow, mut gateway) = follow(None);
    let (update, mut tab) = tokio::join!(next(&mut follow), gateway.accept("fresh", 10, 100));
    assert_eq!(tab.resume, None);
    assert!(matches!(update, Update::Resynced { reason: None, .. }));
    tab.event(11, 101).await;
    tab.event(12, 102).await;
    tab.say(r#"{"type":"ping","ts":1,"pos":102}"#).await;
    let waiting = tokio::time::timeout(Duration::from_secs(1), follow.next());
    assert!(waiting.await.is_err());
    assert_eq!(follow.pos(), None);
    follow.snapshot_loaded(Pos(101)).expect("new enough");
    assert_eq!(next_event(&mut follow).await, Some(Pos(102)));
    assert!(matches!(next(&mut follow).await, Update::Live { .. }));
    assert_eq!(follow.pos(), Some(Pos(102)));
}

#[tokio::test(start_paused = true)]
async fn a_tab_cut_off_before_its_snapshot_comes_back_without_a_position() {
    let (mut follow, mut gateway) = follow(None);
    let (_, tab) = tokio::join!(next(&mut follow), gateway.accept("fresh", 10, 100));
    drop(tab);
    next(&mut follow).await;
    let (update, tab) = tokio::join!(next(&mut follow), gateway.accept("fresh", 20, 120));
    assert_eq!(tab.resume, None);
    assert!(matches!(update, Update::Resynced { .. }));
    assert_eq!(follow.snapshot_loaded(Pos(110)), Err(StaleSnapshot));
    follow.snapshot_loaded(Pos(120)).expect("new enough");
}

#[tokio::test(start_paused = true)]
async fn a_second_snapshot_does_not_repeat_events_it_has_in_it() {
    let (mut follow, mut gateway) = follow(None);
    let (_, mut tab) = tokio::join!(next(&mut follow), gateway.accept("fresh", 10, 100));
    tab.event(11, 101).await;
    tab.event(12, 102).await;
    let waiting = tokio::time::timeout(Duration::from_secs(1), follow.next());
    assert!(waiting.await.is_err());
    follow.snapshot_loaded(Pos(100)).expect("new enough");
    follow.snapshot_loaded(Pos(102)).expect("new enough");
    assert!(matches!(next(&mut follow).await, Update::Live { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_missing_event_makes_it_reconnect_from_before() {
    let (mut follow, mut gateway) = follow(Some(100));
    let (_, mut tab) = tokio::join!(next(&mut follow), gateway.accept("ring", 10, 100));
    tab.event(12, 102).await;
    let Update::Disconnected { why, .. } = next(&mut follow).await else {
        panic!("still connected");
    };
    assert!(matches!(why, Lost::Gap(Gap::Seq { got: Seq(12), .. })));
    let (_, tab) = tokio::join!(next(&mut follow), gateway.accept("log", 12, 102));
    assert_eq!(tab.resume, Some(Pos(100)));
}

#[tokio::test(start_paused = true)]
async fn a_terminal_close_ends_it_and_no_other_does() {
    for (code, ends) in [
        (4004, true),
        (4012, true),
        (4014, true),
        (4009, false),
        (1012, false),
    ] {
        let (mut follow, mut gateway) = follow(Some(100));
        let (_, mut tab) = tokio::join!(next(&mut follow), gateway.accept("ring", 10, 100));
        tab.close(code).await;
        let stopped = matches!(follow.next().await, Err(Stopped::Closed(_)));
        assert_eq!(stopped, ends, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_goes_away_says_when_to_come_back() {
    let (mut follow, mut gateway) = follow(Some(100));
    let (_, mut tab) = tokio::join!(next(&mut follow), gateway.accept("ring", 10, 100));
    let told = Instant::now();
    tab.say(r#"{"type":"going_away","reconnect_after_ms":7000}"#)
        .await;
    tab.event(11, 101).await;
    assert_eq!(next_event(&mut follow).await, Some(Pos(101)));
    tab.close(1012).await;
    next(&mut follow).await;
    let (_, tab) = tokio::join!(next(&mut follow), gateway.accept("ring", 11, 101));
    assert_eq!(tab.resume, Some(Pos(101)));
    assert_eq!(told.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn it_leaves_by_itself_when_the_gateway_that_goes_away_does_not_close() {
    let (mut follow, mut gateway) = follow(Some(100));
    let (_, mut tab) = tokio::join!(next(&mut follow), gateway.accept("ring", 10, 100));
    tab.say(r#"{"type":"going_away","reconnect_after_ms":7000}"#)
        .await;
    let update = next(&mut follow).await;
    assert!(matches!(
        update,
        Update::Disconnected {
            why: Lost::GoingAway,
            retry_in: Duration::ZERO
        }
    ));
}

fn refusing(status: StatusCode, retry_after: Option<Duration>) -> Follow<DuplexStream> {
    Follow::dialing(None, move |_| {
        Box::pin(std::future::ready(Err(ConnectError::Refused {
            status,
            retry_after,
        })))
    })
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_no_sooner_than_a_gateway_asks() {
    let asked = Duration::from_secs(40);
    let mut follow = refusing(StatusCode::SERVICE_UNAVAILABLE, Some(asked));
    let update = next(&mut follow).await;
    assert!(matches!(update, Update::Disconnected { retry_in, .. } if retry_in >= asked));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_ends_it() {
    let mut follow = refusing(StatusCode::UNAUTHORIZED, None);
    assert!(matches!(follow.next().await, Err(Stopped::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_does_not_start_the_attempt_over() {
    let (mut follow, mut gateway) = follow(Some(100));
    for _ in 0..3 {
        let waiting = tokio::time::timeout(Duration::from_millis(1), follow.next());
        assert!(waiting.await.is_err());
    }
    let (update, _tab) = tokio::join!(next(&mut follow), gateway.accept("ring", 10, 100));
    assert!(matches!(update, Update::Live { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_position_the_log_no_longer_has_costs_a_snapshot_and_says_why() {
    let (mut follow, mut gateway) = follow(Some(100));
    let (update, _tab) = tokio::join!(next(&mut follow), gateway.accept("resync", 10, 90));
    assert!(matches!(
        update,
        Update::Resynced {
            reason: Some(ResyncReason::Expired),
            ..
        }
    ));
    assert_eq!(follow.pos(), None);
}
