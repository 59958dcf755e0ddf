//! What calls answer that change nothing, held against what is known.

use std::collections::BTreeMap;

use antiphon_api::ids::Pos;
use serde_json::{Value, json};

use super::{Made, Play, USERS};
use crate::oracle::{
    checks::{
        answers::{self, Asked},
        documents,
    },
    stage::{Outcome, call},
};

/// How many entries a page has, so that most lists have several.
const PAGE: usize = 2;
/// What is looked for in all that somebody reads, and in what one author wrote.
const WORD: &str = "ada";

/// What there is when a user asks.
struct Scene {
    user: i64,
    head: i64,
    messages: BTreeMap<i64, Value>,
    snapshot: Value,
}

impl Play {
    /// The answer to a step's call.
    pub(super) async fn weigh(&self, made: &Made, outcome: &Outcome) {
        if answers::are_held(&made.method, made.caller) {
            let scene = self.scene(made.caller).await;
            self.hold(&scene, &made.method, &made.params, outcome);
        }
    }

    /// Everything that a user can ask, of everything there is, page by page.
    pub(super) async fn ask_everything(&self, user: i64) {
        let scene = self.scene(user).await;
        for method in OWN {
            self.ask(&scene, method, json!({})).await;
        }
        let author = 1 + scene.head % USERS;
        for search in [
            json!({ "query": WORD }),
            json!({ "query": WORD, "author_id": author }),
        ] {
            self.ask(&scene, "message.search", search).await;
        }
        for (methods, name, query) in EACH {
            for id in self.ids(query) {
                for method in *methods {
                    self.ask(&scene, method, json!({ *name: id })).await;
                }
            }
        }
    }

    async fn scene(&self, user: i64) -> Scene {
        let snapshot = self.stage.snapshot(user).await;
        let Pos(head) = snapshot.pos;
        Scene {
            user,
            head,
            messages: documents::messages(&self.stage.reader),
            snapshot: serde_json::to_value(snapshot).expect("encodes"),
        }
    }

    /// All pages, if the answer has any.
    async fn ask(&self, scene: &Scene, method: &str, mut params: Value) {
        let rpc = self.stage.server(scene.user);
        if PAGED.contains(&method) {
            params["limit"] = PAGE.into();
        }
        loop {
            let outcome = call(&rpc, method, &params).await;
            assert!(
                !answers::is_misasked(&outcome),
                "{method} {params}: {outcome:?}"
            );
            match self.hold(scene, method, &params, &outcome) {
                Some((name, id)) => params[name] = id,
                None => return,
            }
        }
    }

    fn hold(
        &self,
        scene: &Scene,
        method: &str,
        params: &Value,
        outcome: &Outcome,
    ) -> Option<(&'static str, Value)> {
        let asked = Asked {
            database: &self.stage.reader,
            messages: &scene.messages,
            snapshot: &scene.snapshot,
            caller: scene.user,
            params,
        };
        answers::check(method, &asked, outcome, scene.head)
    }

    fn ids(&self, query: &str) -> Vec<i64> {
        let mut statement = self.stage.reader.prepare_cached(query).expect("is SQL");
        let ids = statement.query_map([], |row| row.get(0));
        ids.and_then(Iterator::collect).expect("can be read")
    }
}

const OWN: &[&str] = &[
    "user.me",
    "user.get_preferences",
    "workspace.list",
    "read.cursors",
    "huddle.list_active",
    "thread.list",
    "presence.list",
    "token.list",
    "events.list",
];

const EACH: &[(&[&str], &str, &str)] = &[
    (
        &[
            "workspace.get",
            "workspace.members",
            "user.list",
            "channel.list",
        ],
        "workspace_id",
        "SELECT id FROM workspace",
    ),
    (
        &[
            "channel.get",
            "channel.members",
            "message.list",
            "message.pins",
            "canvas.list",
            "thread.list",
        ],
        "channel_id",
        "SELECT id FROM channel",
    ),
    (
        &["thread.get", "thread.messages"],
        "thread_id",
        "SELECT id FROM message WHERE reply_count > 0",
    ),
    (
        &["message.get", "message.history"],
        "message_id",
        "SELECT DISTINCT message_id FROM former_body",
    ),
    (
        &["canvas.get", "canvas.history"],
        "canvas_id",
        "SELECT id FROM canvas",
    ),
    (&["huddle.get"], "huddle_id", "SELECT id FROM huddle"),
    (&["user.get"], "user_id", "SELECT id FROM user"),
];

const PAGED: &[&str] = &[
    "channel.list",
    "thread.list",
    "message.search",
    "workspace.members",
    "user.list",
    "channel.members",
    "message.list",
    "message.pins",
    "canvas.list",
    "thread.messages",
    "message.history",
    "canvas.history",
];
