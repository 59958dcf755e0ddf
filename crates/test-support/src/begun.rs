use serde_json::Value;

use crate::{Node, Tab, is_logged};

/// How a stream began: `hello`, the replay, `live`.
pub struct Begun {
    pub tab: Tab,
    pub hello: Value,
    pub events: Vec<Value>,
    pub live: Value,
}

impl Begun {
    /// Opens a tab of a development user; `query` as in `pos=7`.
    pub fn of(node: &Node, user: i64, query: &str) -> Self {
        Self::by(node.tab(user, query).expect("is let in"))
    }

    /// Reads the beginning of a tab's stream.
    pub fn by(mut tab: Tab) -> Self {
        let hello = tab.frame().expect("a frame");
        assert_eq!(hello["type"], "hello", "hello is always first");
        let mut events = tab.through("live");
        let live = events.pop().expect("a live");
        events.retain(is_logged);
        Self {
            tab,
            hello,
            events,
            live,
        }
    }

    /// What `hello` says became of the resume, and why.
    #[must_use]
    pub fn outcome(&self) -> (&str, Option<&str>) {
        let resumed = self.hello["resumed"].as_str().expect("an outcome");
        (resumed, self.hello["reason"].as_str())
    }

    /// The session's newest `seq` when the replay was whole.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.live["seq"].as_i64().expect("a number")
    }

    /// Checks the outcome and that the replay is exactly `expected`, numbered if from the ring.
    pub fn expect(self, outcome: (&str, Option<&str>), expected: &[i64], head: i64) -> Self {
        assert_eq!(self.outcome(), outcome);
        let positions: Vec<_> = self.events.iter().map(pos).collect();
        assert_eq!(positions, expected);
        assert_eq!(self.live["replayed"], expected.len());
        assert_eq!(self.live["pos"], head);
        let count = i64::try_from(expected.len()).expect("is small");
        for (event, seq) in self.events.iter().zip(self.seq() - count + 1..) {
            if outcome.0 == "ring" {
                assert_eq!(event["seq"], seq, "numbered from the ring");
            } else {
                assert!(event["seq"].is_null(), "unnumbered from the log");
            }
        }
        self
    }
}

/// An event's position.
pub fn pos(event: &Value) -> i64 {
    event["pos"].as_i64().expect("a position")
}
