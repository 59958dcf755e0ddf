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
    [people(), rooms(), messages()].concat()
}

/// User 4, in no workspace, and workspace 2 of ada and ben.
fn people() -> Vec<Step> {
    vec![
        (
            1,
            "user.create",
            json!({ "name": "dan", "display_name": "Dan" }),
        ),
        (1, "workspace.create", json!({ "name": "Lab" })),
        (
            1,
            "workspace.add_member",
            json!({ "workspace_id": 2, "user_id": 2 }),
        ),
    ]
}

/// Channels 3 (public, of ben alone), 4 (private, of ada and ben), 5 (their dm) and 6 (public, of ada).
fn rooms() -> Vec<Step> {
    let channel = |kind: &str, name: &str| json!({ "workspace_id": 1, "kind": kind, "name": name });
    vec![
        (2, "channel.create", channel("public", "garden")),
        (1, "channel.create", channel("private", "plans")),
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
        (1, "channel.create", channel("public", "old")),
    ]
}

/// Messages 2 by ben, 3 by cleo and 4 by ada, all in channel 1.
fn messages() -> Vec<Step> {
    let send = |body: &str| json!({ "channel_id": 1, "body": body });
    vec![
        (2, "message.send", send("@ada Have you seen the tulips?")),
        (
            3,
            "message.send",
            send("Thank you, I feel at home already."),
        ),
        (1, "message.send", send("The picnic is on Sunday at noon.")),
    ]
}

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

    /// A server on a copy of it.
    pub(super) async fn copy(&self) -> House {
        House::with_database_in(folder(), &self.0.path().join("antiphon.db")).await
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
