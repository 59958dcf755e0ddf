//! Where a plan is played: one server, one gateway, and ways to call.

use std::{cell::Cell, time::Duration};

use antiphon_api::{
    RpcError,
    ids::UserId,
    method::NoParams,
    methods::state::{Snapshot, SnapshotResult},
};
use antiphon_client::{CallError, Rpc};
use antiphon_test_support::{Install, Node, eventually};
use rusqlite::Connection;
use serde_json::{Value, json, value::to_raw_value};
use tokio::time::Instant;

use super::plan::USERS;
use crate::database::{Database, open_to_read};

pub(super) struct Stage {
    install: Install,
    node: Node,
    server: Rpc,
    /// For the lookup of references and the log's head.
    pub(super) reader: Connection,
    /// When the leases in huddles were renewed.
    renewed: Cell<Instant>,
}

/// How old a renewal of all leases in huddles becomes. It is far below what a lease lasts, so that
/// none ends in a plan, however slow the machine is: when it does is no part of a plan.
const RENEWAL: Duration = Duration::from_secs(10);

/// What a call came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Done(Value),
    Refused(RpcError),
    /// Nobody knows whether it was carried out.
    Unknown,
}

impl From<Result<Value, RpcError>> for Outcome {
    fn from(answer: Result<Value, RpcError>) -> Self {
        match answer {
            Ok(result) => Self::Done(result),
            Err(error) if error.data["indeterminate"] == true => Self::Unknown,
            Err(error) => Self::Refused(error),
        }
    }
}

impl Stage {
    /// With the demo workspace and users 1 to [`USERS`].
    pub(super) async fn set() -> Self {
        let mut install = Install::in_memory().signing();
        install.start_server();
        let node = install.start_gateway();
        let stage = Self {
            server: Rpc::unix(install.run_dir().join("rpc.sock")),
            reader: open_to_read(&install.database()),
            install,
            node,
            renewed: Cell::new(Instant::now()),
        };
        for user in 4..=USERS {
            let params = json!({ "name": format!("u{user}") });
            let made = call(&stage.server, "user.create", &params).await;
            assert!(
                matches!(&made, Outcome::Done(made) if made["user"]["id"] == user),
                "{made:?}"
            );
        }
        stage
    }

    /// Kills the server and starts it; gives the gateway time to find it.
    pub(super) fn restart_server(&mut self) {
        self.install.start_again();
        self.server = Rpc::unix(self.install.run_dir().join("rpc.sock"));
        self.reader = open_to_read(&self.install.database());
        self.gateway_is_ready();
    }

    pub(super) fn restart_gateway(&mut self) {
        self.install.restart_gateway(&mut self.node);
    }

    fn gateway_is_ready(&self) {
        eventually("a gateway that is ready", || {
            (self.node.http().get("/readyz").ok()?.status == 200).then_some(())
        });
    }

    /// `ws://` address of the gateway.
    pub(super) fn tabs(&self) -> String {
        format!("ws://{}", self.node.address)
    }

    /// The server itself, as the operator or as a user.
    pub(super) fn server(&self, caller: i64) -> Rpc {
        match caller {
            0 => self.server.clone(),
            user => self.server.acting_as(UserId(user)),
        }
    }

    /// Through the gateway, as a user.
    pub(super) fn gateway(&self, user: i64) -> Rpc {
        let url = format!("http://{}", self.node.address);
        Rpc::http(&url, Some(format!("dev:{user}"))).expect("a good address")
    }

    /// Renews all leases in huddles, now and then.
    pub(super) async fn hold_seats(&self) {
        if self.renewed.get().elapsed() < RENEWAL {
            return;
        }
        self.renewed.set(Instant::now());
        for (user, huddle, lease) in self.seats() {
            let params = json!({ "huddle_id": huddle, "lease": lease });
            call(&self.server(user), "huddle.renew", &params).await;
        }
    }

    fn seats(&self) -> Vec<(i64, i64, i64)> {
        let mut statement = self
            .reader
            .prepare_cached("SELECT user_id, huddle_id, lease FROM huddle_seat")
            .expect("is SQL");
        let seats = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        seats.and_then(Iterator::collect).expect("can be read")
    }

    pub(super) async fn snapshot(&self, user: i64) -> SnapshotResult {
        let snapshot = self.server(user).call::<Snapshot>(&NoParams {}).await;
        snapshot.expect("a user has a snapshot")
    }

    /// The position of the log's newest event.
    pub(super) fn head(&self) -> i64 {
        let head = self
            .reader
            .query_row("SELECT max(pos) FROM log", [], |row| row.get(0));
        head.expect("the log has events")
    }

    pub(super) fn database(&self) -> Database {
        Database::open(&self.install.database())
    }
}

pub(super) async fn call(rpc: &Rpc, method: &str, params: &Value) -> Outcome {
    let params = to_raw_value(params).expect("encodes");
    match rpc.call_raw(method, Some(&params)).await {
        Ok(result) => Outcome::Done(serde_json::from_str(result.get()).expect("a result is JSON")),
        Err(CallError::Rpc(error)) => Err(error).into(),
        Err(error) if error.indeterminate() => Outcome::Unknown,
        Err(error) => panic!("{method} {params}: {error:?}"),
    }
}
