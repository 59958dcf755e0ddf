//! What stands before an example is carried out: the demo workspace (users 1 ada, 2 ben and 3
//! cleo, workspace 1, channels 1 general and 2 random with all three in them, message 1 by ada)
//! and what the steps below add. Examples name what is here by its id.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{House, must};

/// A call, and the user who makes it.
type Step = (i64, &'static str, Value);

/// In an order that gives everything the id the examples know it by.
fn steps() -> Vec<Step> {
    [
        people(),
        rooms(),
        messages(),
        marks(),
        huddles(),
        canvases(),
    ]
    .concat()
}

/// User 4, in no workspace, and workspace 2 of ada and ben; what ada prefers and ben does; a token
/// of ben's.
fn people() -> Vec<Step> {
    let dan = json!({ "name": "dan", "display_name": "Dan", "external_id": "crm-80" });
    let preferences = json!({ "theme": "light", "sidebar": { "open": true } });
    let hour_ms = 3_600_000;
    vec![
        (1, "user.create", dan),
        (1, "workspace.create", json!({ "name": "Lab" })),
        (
            1,
            "workspace.add_member",
            json!({ "workspace_id": 2, "user_id": 2 }),
        ),
        (1, "user.set_preferences", json!({ "values": preferences })),
        (
            2,
            "presence.set_status_text",
            json!({ "text": "In the garden", "emoji": "🌱" }),
        ),
        (
            1,
            "token.issue",
            json!({ "user_id": 2, "ttl_ms": hour_ms, "scope": "reports" }),
        ),
    ]
}

/// Channels 3 (public, of ben alone), 4 (private, of ada and ben), 5 (their dm) and 6 (public, of
/// ada, archived).
fn rooms() -> Vec<Step> {
    let channel = |kind: &str, name: &str, topic: &str| json!({ "workspace_id": 1, "kind": kind, "name": name, "topic": topic });
    vec![
        (
            2,
            "channel.create",
            channel("public", "garden", "What grows and what does not"),
        ),
        (
            1,
            "channel.create",
            channel("private", "plans", "Before it is said aloud"),
        ),
        (
            1,
            "channel.add_member",
            json!({ "channel_id": 4, "user_id": 2 }),
        ),
        (
            1,
            "channel.create",
            json!({ "workspace_id": 1, "kind": "dm", "peer_ids": [2] }),
        ),
        (1, "channel.create", channel("public", "old", "")),
        (1, "channel.archive", json!({ "channel_id": 6 })),
    ]
}

/// In channel 1 messages 2 by ben, 3 by cleo (a reply to 1, whose thread ada follows as its author)
/// and 4 by ada; in channel 2 message 5 by ben; in channel 1 message 6 by cleo, a reply to 2.
fn messages() -> Vec<Step> {
    let send = |channel: i64, body: &str| json!({ "channel_id": channel, "body": body });
    let reply = |root: i64, body: &str| json!({ "thread_id": root, "body": body });
    vec![
        (2, "message.send", send(1, "@ada Have you seen the tulips?")),
        (
            3,
            "thread.reply",
            reply(1, "Thank you, I feel at home already."),
        ),
        (
            1,
            "message.send",
            send(1, "The picnic is on Saturday at noon."),
        ),
        (2, "message.send", send(2, "Who waters the tulips today?")),
        (3, "thread.reply", reply(2, "I have, they are by the gate.")),
    ]
}

/// Ada has read channel 1 up to message 1 and channel 2 up to message 5. Message 4 is edited and
/// pinned by ada and has a 👍 of hers and of ben's, 2 has a 🎉 of cleo's.
fn marks() -> Vec<Step> {
    let react = |message: i64, emoji: &str| json!({ "message_id": message, "emoji": emoji });
    let read = |channel: i64, message: i64| json!({ "channel_id": channel, "message_id": message });
    let body = "The picnic is on Sunday at noon.";
    vec![
        (1, "read.mark", read(1, 1)),
        (1, "read.mark", read(2, 5)),
        (
            1,
            "message.update",
            json!({ "message_id": 4, "body": body }),
        ),
        (1, "message.react", react(4, "👍")),
        (2, "message.react", react(4, "👍")),
        (3, "message.react", react(2, "🎉")),
        (1, "message.pin", json!({ "message_id": 4 })),
    ]
}

/// Huddles 1 by ben in channel 1 and 2 by ada in channel 2, each under the lease of that number.
fn huddles() -> Vec<Step> {
    vec![
        (2, "huddle.start", json!({ "channel_id": 1 })),
        (1, "huddle.start", json!({ "channel_id": 2 })),
    ]
}

/// In channel 1 canvases 1, at revision 2, and 2, which is deleted.
fn canvases() -> Vec<Step> {
    let canvas = |title: &str, content: &Value| json!({ "channel_id": 1, "title": title, "content": content });
    let picnic = json!({ "bring": ["bread", "cheese"], "draft": true });
    let patch = json!({ "bring": ["bread", "cheese", "apples"] });
    vec![
        (1, "canvas.create", canvas("Picnic", &picnic)),
        (
            2,
            "canvas.update",
            json!({ "canvas_id": 1, "patch": patch }),
        ),
        (
            1,
            "canvas.create",
            canvas("Seeds", &json!({ "tulips": 40 })),
        ),
        (1, "canvas.delete", json!({ "canvas_id": 2 })),
    ]
}

/// Ada looks at a tab of hers; ben has his in the background.
const TABS: [(i64, &str); 2] = [(1, "visible"), (2, "hidden")];

/// The data folder of a server that has made the stage and is gone.
pub(super) struct Stage(TempDir);

impl Stage {
    pub(super) async fn made() -> Self {
        let house = House::configured(folder(), |config| config.dev = true).await;
        for (user, method, params) in steps() {
            must(&house.user(user), method, params).await;
        }
        Self(house.stop().await)
    }

    /// A server on a copy of it, with ada and ben connected.
    pub(super) async fn copy(&self) -> House {
        let house = House::with_database_in(folder(), &self.0.path().join("antiphon.db")).await;
        for (user, state) in TABS {
            let tab = json!({ "gateway": "stage", "user_id": user, "tab": 1, "state": state });
            must(&house.operator(), "presence.mark_connection", tab).await;
        }
        house
    }
}

/// In memory where there is a place for that: a hundred servers come and go here, and what they
/// write is nobody's to keep.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a temporary folder")
}
