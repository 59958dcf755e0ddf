//! One tab: a WebSocket, the client's own cursor and the client's own state.
//!
//! It reads when it is asked to, so that what it has not read yet is lost with its connection, as
//! it is for a browser. [`Tab::heard`] is everything that came, applied or not; [`Tab::applied`] is
//! what became of the state.

use std::time::Duration;

use antiphon_api::{
    frame::{ClientFrame, ServerFrame, Visibility},
    ids::Pos,
    jsonrpc::Response,
    resume::Resumed,
};
use antiphon_client::{
    State,
    cursor::{Cursor, OnLive, Verdict},
    stream::{Auth, Content, EventFrame, Frame, Stream, Target},
};
use antiphon_test_support::PATIENCE;
use serde_json::{Value, json};

use super::{
    plan::Seat,
    stage::{Outcome, Stage},
};

/// How long a tab waits before it looks for a gateway again.
const RETRY: Duration = Duration::from_millis(5);

pub(super) struct Tab {
    pub(super) seat: Seat,
    cursor: Cursor<EventFrame>,
    state: Option<State>,
    stream: Option<Stream>,
    /// The name of the session, from `hello`.
    session: String,
    /// Whether it is to be there.
    pub(super) present: bool,
    pub(super) heard: Vec<Heard>,
    pub(super) applied: Vec<Applied>,
    answer: Option<Response>,
}

/// An event that came.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) session: String,
    pub(super) frame: Value,
}

/// What happened to the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    Snapshot(Pos),
    Event(Pos),
}

impl Tab {
    /// Not connected and without state.
    pub(super) fn new(seat: Seat) -> Self {
        Self {
            seat,
            cursor: Cursor::fresh(),
            state: None,
            stream: None,
            session: String::new(),
            present: true,
            heard: Vec::new(),
            applied: Vec::new(),
            answer: None,
        }
    }

    pub(super) fn leave(&mut self) {
        self.stream = None;
        self.cursor.disconnected();
    }

    /// Forgets everything, as a page does that is loaded again.
    pub(super) fn reload(&mut self) {
        self.leave();
        self.cursor = Cursor::fresh();
        self.state = None;
    }

    /// The state; there is one once the tab was live.
    pub(super) fn state(&self) -> &State {
        self.state.as_ref().expect("the tab was live")
    }

    /// Goes on until it is live and knows everything up to `pos`.
    pub(super) async fn catch_up(&mut self, stage: &Stage, pos: Pos) {
        let whole = async {
            while !self.cursor.is_live() || self.cursor.resume() < Some(pos) {
                self.step(stage).await;
            }
        };
        if tokio::time::timeout(PATIENCE, whole).await.is_err() {
            panic!("{:?} waits for {pos} in vain: {:?}", self.seat, self.cursor);
        }
    }

    pub(super) async fn show(&mut self, stage: &Stage, state: Visibility) {
        self.catch_up(stage, Pos::MIN).await;
        let stream = self.stream.as_mut().expect("is live");
        // A connection that is lost shows when it is read.
        let _ = stream.send(&ClientFrame::Visibility { state }).await;
    }

    /// Calls a method over this connection.
    pub(super) async fn call(&mut self, stage: &Stage, method: &str, params: &Value) -> Outcome {
        self.catch_up(stage, Pos::MIN).await;
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let stream = self.stream.as_mut().expect("is live");
        if stream.send_text(request.to_string()).await.is_err() {
            return Outcome::Unknown;
        }
        let answered = async {
            while self.answer.is_none() && self.stream.is_some() {
                self.step(stage).await;
            }
        };
        if tokio::time::timeout(PATIENCE, answered).await.is_err() {
            panic!("{:?}: no answer to {request}", self.seat);
        }
        match self.answer.take() {
            None => Outcome::Unknown,
            Some(Response {
                error: Some(error), ..
            }) => Err(error).into(),
            Some(Response { result, .. }) => {
                let result = result.expect("an answer has a result or an error");
                Outcome::Done(serde_json::from_str(result.get()).expect("a result is JSON"))
            }
        }
    }

    /// Takes one frame, or tries to connect.
    async fn step(&mut self, stage: &Stage) {
        let Some(stream) = &mut self.stream else {
            return self.connect(stage).await;
        };
        match stream.next().await {
            Ok(frame) => self.take(stage, frame).await,
            Err(closed) if closed.is_terminal() => panic!("{:?}: {closed}", self.seat),
            Err(_) => self.leave(),
        }
    }

    async fn connect(&mut self, stage: &Stage) {
        let target = Target {
            url: stage.tabs(),
            user: None,
            auth: Auth::Bearer(format!("dev:{}", self.seat.user)),
            resume: self.cursor.resume(),
        };
        match Stream::connect(&target).await {
            Ok(stream) => self.stream = Some(stream),
            Err(error) if error.is_terminal() => panic!("{:?}: {error}", self.seat),
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }

    async fn take(&mut self, stage: &Stage, frame: Frame) {
        match frame.content {
            Content::Control(control) => self.control(stage, &control).await,
            Content::Event(event) => self.event(event),
            Content::Answer(answer) => self.answer = Some(answer),
            Content::Unknown => panic!("{:?}: an unknown frame: {}", self.seat, frame.raw),
        }
    }

    async fn control(&mut self, stage: &Stage, control: &ServerFrame<'_>) {
        match control {
            ServerFrame::Hello {
                session, resumed, ..
            } => {
                // The log has every position that a tab can come with.
                let expected: &[Resumed] = match self.cursor.resume() {
                    None => &[Resumed::Fresh],
                    Some(_) => &[Resumed::Ring, Resumed::Log],
                };
                let seat = self.seat;
                assert!(expected.contains(resumed), "{seat:?}: {control:?}");
                session.as_ref().clone_into(&mut self.session);
                self.cursor.hello(*resumed);
            }
            ServerFrame::Live { seq, pos, .. } => match self.cursor.live(*seq, *pos) {
                OnLive::LoadSnapshot => self.load(stage).await,
                OnLive::Whole | OnLive::AwaitSnapshot => {}
            },
            ServerFrame::Ping { pos, .. } => self.cursor.ping(*pos),
            ServerFrame::GoingAway { .. } => {}
            ServerFrame::Error { .. } | ServerFrame::Closed { .. } => {
                panic!("{:?}: {control:?}", self.seat)
            }
        }
    }

    /// Replaces the state by a snapshot.
    async fn load(&mut self, stage: &Stage) {
        let snapshot = stage.snapshot(self.seat.user).await;
        let pos = snapshot.pos;
        let held = self.cursor.snapshot(pos).expect("is new enough");
        self.applied.push(Applied::Snapshot(pos));
        self.state = Some(State::from(snapshot));
        for event in held {
            self.apply(&event);
        }
    }

    fn event(&mut self, event: EventFrame) {
        self.heard.push(Heard {
            session: self.session.clone(),
            frame: serde_json::from_str(&event.raw).expect("an event is JSON"),
        });
        match self.cursor.event(event.seq, event.pos, event) {
            Verdict::Deliver(event) => self.apply(&event),
            Verdict::Held | Verdict::Dropped => {}
            Verdict::Reconnect(gap) => panic!("{:?}: {gap}", self.seat),
        }
    }

    fn apply(&mut self, event: &EventFrame) {
        let known = event.event.as_ref();
        let known = known.unwrap_or_else(|| panic!("the client does not know {}", event.raw));
        let state = self.state.as_mut().expect("no event comes without a state");
        state.apply(event.pos, known);
        self.applied.extend(event.pos.map(Applied::Event));
    }
}
