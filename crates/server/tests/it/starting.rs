//! What stops a server from starting, and that it says so clearly.

use std::{error::Error, path::Path, time::Duration};

use antiphon_server::{Config, RPC_SOCKET, StartError, start};
use antiphon_token::{Key, Names, Verifier};
use rusqlite::Connection;
use serde_json::json;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use crate::support::{House, must, soon};

fn config(data: &Path) -> Config {
    let key = Key::random().expect("random numbers");
    Config::new(data.to_owned(), Verifier::new([&key], &Names::default()))
}

async fn refusal(config: Config) -> StartError {
    match start(config).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

/// The error and what is behind it, as a command would print it.
fn told(error: &StartError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn a_data_folder_in_use_is_refused_and_its_server_goes_on() {
    let house = House::of(1).await;
    let Err(error) = house.intrude().await else {
        panic!("two servers share a folder");
    };
    let told = told(&error);
    assert!(told.contains("in use by another process"), "{told}");
    assert!(told.contains("antiphon.db"), "{told}");
    must(&house.user(1), "user.me", json!({})).await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let folder = House::of(1).await.stop().await;
    let path = folder.path().join("antiphon.db");
    let db = Connection::open(&path).expect("opens");
    let ours: i64 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a version");
    for newer in [ours + 1, ours + 10_000] {
        db.pragma_update(None, "user_version", newer)
            .expect("raised");
        let told = told(&refusal(config(folder.path())).await);
        assert!(told.contains("newer version"), "{told}");
    }
    db.pragma_update(None, "user_version", ours)
        .expect("lowered");
    drop(db);
    let house = House::in_folder(folder).await;
    must(&house.user(1), "user.me", json!({})).await;
}

#[tokio::test]
async fn a_socket_path_over_107_bytes_is_refused_with_its_length() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = |data: &Path| data.join("run").join("events.sock").as_os_str().len();
    let fill = 108 - socket(&folder.path().join("x"));
    let data = folder.path().join("x".repeat(fill + 1));
    let told = told(&refusal(config(&data)).await);
    assert!(told.contains("108 bytes") && told.contains("107"), "{told}");
    assert!(told.contains("shorter --data folder"), "{told}");
    let data = folder.path().join("x".repeat(fill));
    assert!(start(config(&data)).await.is_ok());
}

#[tokio::test]
async fn a_taken_tcp_port_is_refused_and_nothing_stays_behind() {
    let house = House::of(1).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut taken = config(folder.path());
    taken.rpc_listen = Some(house.tcp());
    let told = told(&refusal(taken).await);
    assert!(told.contains("in use by another program"), "{told}");
    assert!(told.contains(&house.tcp().to_string()), "{told}");
    assert!(!folder.path().join("run").join(RPC_SOCKET).exists());
    assert!(start(config(folder.path())).await.is_ok());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("antiphon.db"), "x".repeat(8192)).expect("writes");
    let told = told(&refusal(config(folder.path())).await);
    assert!(told.contains("check that it is a database"), "{told}");
}

#[tokio::test]
async fn a_restart_keeps_what_was_answered_and_knows_the_old_head() {
    let house = House::of(1).await;
    must(&house.user(1), "workspace.create", json!({ "name": "w" })).await;
    let before = must(&house.user(1), "state.snapshot", json!({})).await;
    let house = house.restart().await;
    let after = must(&house.user(1), "state.snapshot", json!({})).await;
    assert_eq!(after["workspaces"], before["workspaces"]);
    assert_eq!(after["pos"], before["pos"]);
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answer_does_not_keep_the_server_from_stopping() {
    let house = House::of(1).await;
    let calls = vec![r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#; 40].join(",");
    let stream = UnixStream::connect(house.socket(RPC_SOCKET)).await;
    let mut stream = stream.expect("connects");
    let (length, user) = (calls.len() + 2, "antiphon-user: 1");
    let call = format!(
        "POST /rpc HTTP/1.1\r\nhost: x\r\n{user}\r\ncontent-length: {length}\r\n\r\n[{calls}]"
    );
    stream.write_all(call.as_bytes()).await.expect("writes");
    stream.read_u8().await.expect("an answer begins");

    let socket = house.socket(RPC_SOCKET);
    let stopping = tokio::spawn(house.stop());
    let refused = async {
        while UnixStream::connect(&socket).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    soon("the listener to close", refused).await;
    assert!(!stopping.is_finished(), "the answer is still on its way");
    // Virtual time: it passes as soon as nothing else can happen.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(11)).await;
    tokio::time::resume();
    soon("the end of the server", stopping)
        .await
        .expect("it stops");
}
