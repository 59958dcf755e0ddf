use std::{
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use antiphon_api::{
    Class, RpcError,
    ids::{UnixMs, UserId},
};
use antiphon_client::rpc::{CallError, Rpc};
use antiphon_server::{Config, RPC_SOCKET, Rate, Running, StartError, run_dir, start};
use antiphon_token::{Grant, Key, Kind, Names, Signer, Subject, Verifier};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json, value::to_raw_value};
use tempfile::TempDir;

use super::soon;

/// A running server.
pub(crate) struct House {
    folder: TempDir,
    running: Running,
    key: Key,
}

impl House {
    /// On an empty data folder.
    pub(crate) async fn new() -> Self {
        Self::in_folder(tempfile::tempdir().expect("a temporary folder")).await
    }

    pub(crate) async fn in_folder(folder: TempDir) -> Self {
        Self::configured(folder, |_| {}).await
    }

    /// Configured otherwise than most.
    pub(crate) async fn configured(folder: TempDir, adapt: impl FnOnce(&mut Config)) -> Self {
        let key = Key::random().expect("random numbers");
        let mut config = config(folder.path(), &key);
        adapt(&mut config);
        let running = start(config).await.expect("the server starts");
        Self {
            folder,
            running,
            key,
        }
    }

    /// With a database as another house left it.
    pub(crate) async fn with_database(database: &Path) -> Self {
        Self::with_database_in(tempfile::tempdir().expect("a temporary folder"), database).await
    }

    /// The same, in a folder of one's choice.
    pub(crate) async fn with_database_in(folder: TempDir, database: &Path) -> Self {
        std::fs::copy(database, folder.path().join("antiphon.db")).expect("the database is copied");
        Self::in_folder(folder).await
    }

    /// Restarted, with its database changed meanwhile.
    pub(crate) async fn changed(self, statements: &str) -> Self {
        let folder = self.stop().await;
        let db = Connection::open(folder.path().join("antiphon.db")).expect("opens");
        db.execute_batch(statements).expect("is SQL");
        drop(db);
        Self::in_folder(folder).await
    }

    /// With `users` users, whose ids begin at 1; the first administers the instance.
    pub(crate) async fn of(users: i64) -> Self {
        let house = Self::new().await;
        let operator = house.operator();
        for id in 1..=users {
            must(
                &operator,
                "user.create",
                json!({ "name": format!("u{id}") }),
            )
            .await;
        }
        house
    }

    /// `users` users, all in workspace 1, which the first owns, and in the public channel 1.
    pub(crate) async fn with_channel(users: i64) -> Self {
        let house = Self::of(users).await;
        let owner = house.user(1);
        must(&owner, "workspace.create", json!({ "name": "w" })).await;
        let channel = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
        must(&owner, "channel.create", channel).await;
        for user in 2..=users {
            let member = json!({ "workspace_id": 1, "user_id": user });
            must(&owner, "workspace.add_member", member).await;
            let channel = json!({ "channel_id": 1 });
            must(&house.user(user), "channel.join", channel).await;
        }
        house
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn socket(&self, name: &str) -> PathBuf {
        run_dir(self.data()).join(name)
    }

    pub(crate) fn tcp(&self) -> SocketAddr {
        self.running.rpc_address().expect("it listens on TCP")
    }

    pub(crate) fn operator(&self) -> Rpc {
        Rpc::unix(self.socket(RPC_SOCKET))
    }

    pub(crate) fn user(&self, id: i64) -> Rpc {
        self.operator().acting_as(UserId(id))
    }

    /// A second look at the database, beside the server.
    pub(crate) fn database(&self) -> Connection {
        let path = self.data().join("antiphon.db");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the database opens")
    }

    pub(crate) fn token(&self, user: i64, jti: &str, expires_at: i64) -> String {
        self.token_of(Subject::User(UserId(user)), jti, expires_at)
    }

    pub(crate) fn token_of(&self, subject: Subject, jti: &str, expires_at: i64) -> String {
        let grant = Grant {
            subject,
            kind: Kind::User,
            scope: None,
            issued_at: UnixMs(1_000_000),
            expires_at: UnixMs(expires_at),
            jti: jti.to_owned(),
        };
        signer(&self.key).issue(grant).expect("signs")
    }

    /// Ends the server and leaves its folder.
    pub(crate) async fn stop(self) -> TempDir {
        self.running.stop().await;
        self.folder
    }

    pub(crate) async fn restart(self) -> Self {
        Self::in_folder(self.stop().await).await
    }

    /// Restarted, and without the rows of deleted messages.
    pub(crate) async fn purged(self) -> Self {
        let house = self.restart().await;
        let deleted = || {
            let database = house.database();
            let mut any = database.prepare("SELECT 1 FROM message WHERE thread_id = id")?;
            any.exists([])
        };
        soon("what is deleted to go", async {
            while deleted().expect("reads") {
                must(&house.operator(), "server.health", json!({})).await;
            }
        })
        .await;
        house
    }

    /// Starts another server on the same folder.
    pub(crate) async fn intrude(&self) -> Result<Running, StartError> {
        start(config(self.data(), &self.key)).await
    }
}

fn signer(key: &Key) -> Signer {
    Signer::new(key.clone(), Names::default())
}

fn config(data: &Path, key: &Key) -> Config {
    let mut config = Config::new(data.to_owned(), Verifier::new([key], &Names::default()));
    config.rpc_listen = Some(([127, 0, 0, 1], 0).into());
    config.signer = Some(signer(key));
    let unlimited = Rate::new(NonZeroU32::MAX, NonZeroU32::MAX);
    for class in Class::ALL {
        config.limits.set(class, unlimited);
    }
    config
}

/// Calls a method and has its result or its error.
pub(crate) async fn call(rpc: &Rpc, method: &str, params: Value) -> Result<Value, RpcError> {
    let params = to_raw_value(&params).expect("encodes");
    match rpc.call_raw(method, Some(&params)).await {
        Ok(result) => Ok(serde_json::from_str(result.get()).expect("a result is JSON")),
        Err(CallError::Rpc(error)) => Err(error),
        Err(error) => panic!("{method} got no answer: {error:?}"),
    }
}

/// Calls a method that cannot fail here.
pub(crate) async fn must(rpc: &Rpc, method: &str, params: Value) -> Value {
    match call(rpc, method, params.clone()).await {
        Ok(result) => result,
        Err(error) => panic!("{method} {params}: {error} {}", error.data),
    }
}

/// Calls a method that cannot succeed here.
pub(crate) async fn refused(rpc: &Rpc, method: &str, params: Value) -> RpcError {
    match call(rpc, method, params.clone()).await {
        Ok(result) => panic!("{method} {params}: {result}"),
        Err(error) => error,
    }
}
