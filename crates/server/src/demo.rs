//! The demo workspace that an empty database starts with in development.

use std::sync::Arc;

use antiphon_api::{identity::Identity, ids::UserId};
use serde_json::{Value, json, value::to_raw_value};

use crate::{
    context::{Caller, Failure, Shared},
    rpc::{Router, Run},
};

/// Calls as any client could make them, each with the user who makes it (0: the operator). Ids
/// begin at 1, so that ada, ben and cleo are users 1 to 3.
fn calls() -> Vec<(i64, &'static str, Value)> {
    let mut calls = vec![
        (
            0,
            "user.create",
            json!({ "name": "ada", "display_name": "Ada" }),
        ),
        (
            0,
            "user.create",
            json!({ "name": "ben", "display_name": "Ben" }),
        ),
        (
            0,
            "user.create",
            json!({ "name": "cleo", "display_name": "Cleo" }),
        ),
        (1, "workspace.create", json!({ "name": "Demo" })),
        (
            1,
            "workspace.add_member",
            json!({ "workspace_id": 1, "user_id": 2 }),
        ),
        (
            1,
            "workspace.add_member",
            json!({ "workspace_id": 1, "user_id": 3 }),
        ),
    ];
    for (channel_id, name) in [(1, "general"), (2, "random")] {
        let params = json!({ "workspace_id": 1, "kind": "public", "name": name });
        calls.push((1, "channel.create", params));
        for user in [2, 3] {
            calls.push((user, "channel.join", json!({ "channel_id": channel_id })));
        }
    }
    let welcome = "Welcome. Open this page in another tab, as somebody else, and say something.";
    calls.push((
        1,
        "message.send",
        json!({ "channel_id": 1, "body": welcome }),
    ));
    calls
}

/// Makes the demo workspace, in one transaction, unless there is any user.
pub(crate) async fn prepare(shared: &Arc<Shared>, router: &Router) -> Result<(), Failure> {
    let mut steps = Vec::new();
    for (user, method, params) in calls() {
        let prepared = router.prepare(method, Some(&to_raw_value(&params)?), true)?;
        let caller = match UserId::checked(user) {
            Some(user) => Caller::User(Identity::of(user)),
            None => Caller::Operator,
        };
        if let Run::Mutation { run, .. } = prepared.run {
            steps.push((caller, run));
        }
    }
    let made = shared.work(move |work| {
        if work.prepare_cached("SELECT 1 FROM user")?.exists([])? {
            return Ok(());
        }
        for (caller, run) in steps {
            run(&mut work.acting_as(&caller))?;
        }
        Ok(())
    });
    made.await
}
