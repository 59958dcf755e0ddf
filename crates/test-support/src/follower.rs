use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use crate::{Closed, PATIENCE, Tab, now};

/// How long a follower waits before it looks for a gateway again.
const RETRY: Duration = Duration::from_millis(25);

/// A client that keeps the protocol's five rules: it has a position and comes back with it,
/// however often its tab is lost, and drops what is not above it.
///
/// It began with a snapshot, so it never again has a reason to lose its position: a `fresh` or a
/// `resync`, a gap in `seq` and a position that falls are noted as faults.
pub struct Follower {
    pub user: i64,
    /// Where the snapshot was read.
    pub start: i64,
    pub pos: i64,
    tab: Option<Tab>,
    seq: Option<i64>,
    /// The log events it applied, in the order in which they came.
    pub events: Vec<Value>,
    /// Log events that were not above its position.
    pub dropped: usize,
    /// How often each outcome of a resume was met.
    pub outcomes: BTreeMap<String, usize>,
    /// How its tabs ended.
    pub ends: Vec<Closed>,
    pub refusals: usize,
    /// What no client should ever see.
    pub faults: Vec<String>,
}

impl Follower {
    /// Of a development user, from a position that a snapshot was read at.
    pub fn new(user: i64, start: i64) -> Self {
        Self {
            user,
            start,
            pos: start,
            tab: None,
            seq: None,
            events: Vec::new(),
            dropped: 0,
            outcomes: BTreeMap::new(),
            ends: Vec::new(),
            refusals: 0,
            faults: Vec::new(),
        }
    }

    /// Leaves its gateway without a word.
    pub fn leave(&mut self) {
        self.tab = None;
    }

    /// Takes one frame, or one attempt to connect to `address` when it has no tab.
    pub fn step(&mut self, address: &str, wait: Duration) {
        let Some(tab) = &mut self.tab else {
            return self.connect(address);
        };
        match tab.frame_within(wait) {
            None => {}
            Some(Ok(frame)) => self.take(&frame),
            Some(Err(end)) => {
                self.ends.push(end);
                self.tab = None;
            }
        }
    }

    /// Goes on until `done`, which is asked after every step.
    pub fn follow(&mut self, address: &str, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let until = now() + PATIENCE;
        while !done(self) {
            assert!(
                now() < until,
                "user {} at {} waited in vain: {what}; {:?}, {:?}, {} events",
                self.user,
                self.pos,
                self.outcomes,
                self.faults,
                self.events.len(),
            );
            self.step(address, Duration::from_millis(50));
        }
    }

    /// Goes on until the tab is live.
    pub fn follow_to_live(&mut self, address: &str) {
        self.follow(address, "live", Self::is_live);
    }

    pub fn is_live(&self) -> bool {
        self.tab.is_some() && self.seq.is_some()
    }

    /// How often this text is the body of a message it heard of.
    pub fn heard(&self, body: &str) -> usize {
        let is = |event: &&Value| event["data"]["message"]["body"] == body;
        self.events.iter().filter(is).count()
    }

    /// The bodies of the messages it heard of, in the order in which they came.
    pub fn bodies(&self) -> Vec<&str> {
        let created = |event: &&Value| event["type"] == "message.created";
        let bodies = self.events.iter().filter(created);
        bodies
            .map(|event| &event["data"]["message"]["body"])
            .map(|body| body.as_str().expect("is text"))
            .collect()
    }

    fn connect(&mut self, address: &str) {
        let path = format!("/ws/user/{}?pos={}", self.user, self.pos);
        let token = format!("Bearer dev:{}", self.user);
        match Tab::try_connect(address, &path, &[("Authorization", &token)]) {
            Ok(Ok(tab)) => {
                self.tab = Some(tab);
                return;
            }
            Ok(Err(refused)) => {
                self.refusals += 1;
                if refused.status != 503 {
                    self.faults.push(format!("refused: {refused:?}"));
                }
            }
            Err(_) => {}
        }
        std::thread::sleep(RETRY);
    }

    fn take(&mut self, frame: &Value) {
        let kind = frame["type"].as_str().unwrap_or_default();
        match kind {
            "hello" => self.greet(frame),
            "live" => {
                self.seq = frame["seq"].as_i64();
                if frame["pos"].as_i64() < Some(self.pos) {
                    self.faults
                        .push(format!("live below {}: {frame}", self.pos));
                }
                self.rise(frame);
            }
            "ping" => self.rise(frame),
            _ if frame["pos"].is_i64() => self.event(frame),
            _ => {}
        }
    }

    fn greet(&mut self, hello: &Value) {
        self.seq = None;
        let resumed = hello["resumed"].as_str().unwrap_or_default().to_owned();
        if !matches!(resumed.as_str(), "ring" | "log") {
            self.faults
                .push(format!("resumed at {}: {hello}", self.pos));
        }
        *self.outcomes.entry(resumed).or_default() += 1;
    }

    fn rise(&mut self, frame: &Value) {
        self.pos = self.pos.max(frame["pos"].as_i64().unwrap_or_default());
    }

    fn event(&mut self, event: &Value) {
        let seq = event["seq"].as_i64();
        if let (Some(last), Some(seq)) = (self.seq, seq)
            && seq != last + 1
        {
            self.faults.push(format!("seq {seq} after {last}"));
        }
        self.seq = self.seq.and(seq);
        if event["pos"].as_i64() <= Some(self.pos) {
            self.dropped += 1;
            return;
        }
        self.rise(event);
        self.events.push(event.clone());
    }
}
