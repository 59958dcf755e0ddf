use antiphon_api::{RpcError, ids::Pos};
use serde_json::{Value, json};

use super::{Heard, House, Link, call, must};

/// Users 1 to n, called u1 to un, in workspace 1 and its channel 1, who talk; and who hears it.
/// User 1 owns the workspace.
pub(crate) struct Talk {
    pub(crate) house: House,
    pub(crate) link: Link,
    heard: Pos,
}

impl Talk {
    pub(crate) async fn of(users: i64) -> Self {
        let house = House::with_channel(users).await;
        let (link, greeting) = Link::open(&house, "talk", None).await;
        Self {
            house,
            link,
            heard: greeting.head,
        }
    }

    pub(crate) async fn must(&self, user: i64, method: &str, params: Value) -> Value {
        must(&self.house.user(user), method, params).await
    }

    pub(crate) async fn refused(&self, user: i64, method: &str, params: Value) -> RpcError {
        let outcome = call(&self.house.user(user), method, params).await;
        outcome.expect_err("is refused")
    }

    /// Sends a message to channel 1 and has its id.
    pub(crate) async fn say(&self, user: i64, body: &str) -> i64 {
        let params = json!({ "channel_id": 1, "body": body });
        let sent = self.must(user, "message.send", params).await;
        sent["message"]["id"].as_i64().expect("an id")
    }

    pub(crate) async fn reply(&self, user: i64, thread: i64, body: &str) -> i64 {
        let params = json!({ "thread_id": thread, "body": body });
        let sent = self.must(user, "thread.reply", params).await;
        sent["message"]["id"].as_i64().expect("an id")
    }

    pub(crate) async fn message(&self, id: i64) -> Value {
        let got = self
            .must(1, "message.get", json!({ "message_id": id }))
            .await;
        got["message"].clone()
    }

    /// A part of a user's snapshot.
    pub(crate) async fn snapshot(&self, user: i64, part: &str) -> Value {
        self.must(user, "state.snapshot", json!({})).await[part].take()
    }

    /// The user's counts in channel 1: unread, and mentions.
    pub(crate) async fn counts(&self, user: i64) -> (i64, i64) {
        counts(&self.snapshot(user, "reads").await[0])
    }

    /// The log events since this was last asked.
    pub(crate) async fn heard(&mut self) -> Vec<Heard> {
        let health = must(&self.house.operator(), "server.health", json!({})).await;
        let head = health["head"]
            .as_i64()
            .and_then(Pos::checked)
            .expect("a head");
        if head == self.heard {
            return Vec::new();
        }
        self.heard = head;
        self.link.until(head).await
    }

    /// The types of the log events since, each with who hears it.
    pub(crate) async fn kinds(&mut self) -> Vec<(String, Vec<i64>)> {
        let heard = self.heard().await.into_iter();
        heard.map(|one| (one.kind().to_owned(), one.to)).collect()
    }
}

/// Of a channel or a thread: unread, and mentions.
pub(crate) fn counts(of: &Value) -> (i64, i64) {
    let count = |field: &str| of[field].as_i64().expect("a count");
    (count("unread"), count("mentions"))
}

/// The ids of a list of messages.
pub(crate) fn ids(of: &Value) -> Vec<i64> {
    let of = of.as_array().expect("a list").iter();
    of.map(|one| one["id"].as_i64().expect("an id")).collect()
}
