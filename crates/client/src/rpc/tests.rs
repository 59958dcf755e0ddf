use std::time::Duration;

use antiphon_api::{
    ErrorCode,
    ids::{MessageId, UserId},
    method::NoParams,
    methods::{message, server},
};
use bytes::Bytes;
use http::HeaderMap;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, UnixListener},
    sync::mpsc,
};

use super::{BadUrl, CallError, MAX_ANSWER_BYTES, Rpc, TransportError};

const HEALTHY: &str =
    r#"{"jsonrpc":"2.0","id":1,"result":{"status":"ok","version":"1","head":7,"oldest":1}}"#;

/// What the server does with a request it has read.
#[derive(Clone)]
enum Reply {
    Answer(&'static str, String),
    AnswerAndClose(String),
    Close,
    Hang,
}

fn healthy() -> Reply {
    Reply::Answer("200 OK", HEALTHY.into())
}

/// A server that follows a script, a reply for each request on whatever connection.
struct Server {
    rpc: Rpc,
    requests: mpsc::Receiver<(String, String)>,
    closed: mpsc::Receiver<()>,
    _folder: TempDir,
}

fn server(script: Vec<Reply>) -> Server {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rpc.sock");
    let listener = UnixListener::bind(&path).expect("binds");
    let (heard, requests) = mpsc::channel(16);
    let (closing, closed) = mpsc::channel(16);
    tokio::spawn(async move {
        let mut script = script.into_iter();
        while let Ok((io, _)) = listener.accept().await {
            converse(io, &mut script, &heard).await;
            closing.send(()).await.ok();
        }
    });
    Server {
        rpc: Rpc::unix(path),
        requests,
        closed,
        _folder: folder,
    }
}

async fn converse(
    io: impl AsyncRead + AsyncWrite + Unpin,
    script: &mut impl Iterator<Item = Reply>,
    heard: &mpsc::Sender<(String, String)>,
) {
    let mut io = BufReader::new(io);
    while let Some(request) = read_request(&mut io).await {
        heard.send(request).await.ok();
        match script.next().unwrap_or(Reply::Close) {
            Reply::Answer(status, body) => answer(&mut io, status, &body).await,
            Reply::AnswerAndClose(body) => return answer(&mut io, "200 OK", &body).await,
            Reply::Close => return,
            Reply::Hang => std::future::pending().await,
        }
    }
}

async fn read_request(io: &mut (impl AsyncBufReadExt + Unpin)) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if io.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    io.read_exact(&mut body).await.ok()?;
    Some((head.to_lowercase(), String::from_utf8(body).ok()?))
}

async fn answer(io: &mut (impl AsyncWrite + Unpin), status: &str, body: &str) {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nkeep-alive: 5\r\nantiphon-request-id: r1\r\n\r\n",
        body.len()
    );
    io.write_all(head.as_bytes()).await.ok();
    io.write_all(body.as_bytes()).await.ok();
}

async fn health(rpc: &Rpc) -> Result<i64, CallError> {
    let health = rpc.call::<server::Health>(&NoParams {}).await?;
    Ok(health.head.get())
}

fn is_broken(outcome: &Result<i64, CallError>) -> bool {
    matches!(outcome, Err(error @ CallError::Transport(TransportError::Broken { .. }))
        if error.indeterminate())
}

#[tokio::test]
async fn a_call_is_posted_to_rpc_and_its_result_decoded() {
    let mut server = server(vec![healthy()]);
    assert_eq!(health(&server.rpc).await.ok(), Some(7));
    let (head, body) = server.requests.recv().await.expect("a request");
    assert!(head.starts_with("post /rpc http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"));
    assert!(!head.contains("antiphon-user"));
    assert_eq!(
        body,
        r#"{"jsonrpc":"2.0","method":"server.health","params":{},"id":1}"#
    );
}

#[tokio::test]
async fn a_key_stands_among_the_params() {
    let sent = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    let mut server = server(vec![Reply::Answer("200 OK", sent.into())]);
    let params = message::MessageParams {
        message_id: MessageId(7),
    };
    let called = server.rpc.call_once::<message::Delete>("k", &params).await;
    assert!(called.is_ok(), "{called:?}");
    let (_, body) = server.requests.recv().await.expect("a request");
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let wanted = serde_json::json!({ "message_id": 7, "idempotency_key": "k" });
    assert_eq!(body["params"], wanted);
}

#[tokio::test]
async fn acting_as_somebody_names_them_and_leaves_the_operator_as_it_was() {
    let mut server = server(vec![healthy(), healthy()]);
    health(&server.rpc.acting_as(UserId(42))).await.expect("ok");
    health(&server.rpc).await.expect("ok");
    let (head, _) = server.requests.recv().await.expect("a request");
    assert!(head.contains("antiphon-user: 42\r\n"), "{head}");
    let (head, _) = server.requests.recv().await.expect("a request");
    assert!(!head.contains("antiphon-user"), "{head}");
}

#[tokio::test]
async fn an_error_of_the_server_comes_as_it_is_whatever_the_status() {
    let body = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32004,"message":"no message 9 that you can see"}}"#;
    let server = server(vec![Reply::Answer("404 Not Found", body.into())]);
    let params = message::MessageParams {
        message_id: MessageId(9),
    };
    let error = server
        .rpc
        .call::<message::Get>(&params)
        .await
        .expect_err("absent");
    assert!(!error.indeterminate());
    assert!(matches!(error, CallError::Rpc(error) if error.kind() == Some(ErrorCode::NotFound)));
}

#[tokio::test]
async fn the_server_itself_can_say_that_a_call_may_have_been_carried_out() {
    let body = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32050,"message":"?","data":{"indeterminate":true}}}"#;
    let server = server(vec![Reply::Answer("503 Service Unavailable", body.into())]);
    let error = health(&server.rpc).await.expect_err("unavailable");
    assert!(error.indeterminate());
}

#[tokio::test]
async fn a_refusal_by_the_edge_is_no_answer() {
    let server = server(vec![Reply::Answer(
        "401 Unauthorized",
        r#"{"error":"x"}"#.into(),
    )]);
    let error = health(&server.rpc).await.expect_err("refused");
    assert!(matches!(error, CallError::NotAnAnswer(status) if status == 401));
}

#[tokio::test]
async fn with_nobody_listening_nothing_was_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = health(&Rpc::unix(folder.path().join("rpc.sock")))
        .await
        .expect_err("nobody");
    assert!(!error.indeterminate());
    assert!(matches!(
        error,
        CallError::Transport(TransportError::Connect { .. })
    ));
}

#[tokio::test]
async fn a_request_that_was_read_and_not_answered_is_indeterminate_and_not_repeated() {
    let mut server = server(vec![Reply::Close, healthy()]);
    assert!(is_broken(&health(&server.rpc).await));
    assert!(server.requests.try_recv().is_ok());
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn the_same_holds_on_a_connection_that_was_used_before() {
    let mut server = server(vec![healthy(), Reply::Close, healthy()]);
    health(&server.rpc).await.expect("ok");
    assert!(is_broken(&health(&server.rpc).await));
    assert!(server.requests.try_recv().is_ok());
    assert!(server.requests.try_recv().is_ok());
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_replaced() {
    let mut server = server(vec![Reply::AnswerAndClose(HEALTHY.into()), healthy()]);
    health(&server.rpc).await.expect("ok");
    server.closed.recv().await.expect("closed");
    for _ in 0..1_000 {
        tokio::task::yield_now().await; // the runtime looks at sockets every 61 turns
    }
    assert_eq!(health(&server.rpc).await.ok(), Some(7));
}

#[tokio::test]
async fn a_connection_is_kept_from_call_to_call() {
    let mut server = server(vec![healthy(), healthy()]);
    health(&server.rpc).await.expect("ok");
    health(&server.rpc.clone()).await.expect("ok");
    assert!(server.closed.try_recv().is_err());
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_indeterminate() {
    let server = server(vec![Reply::Hang]);
    let rpc = server.rpc.clone().with_timeout(Duration::from_millis(20));
    assert!(is_broken(&health(&rpc).await));
}

#[tokio::test]
async fn an_answer_over_the_bound_is_given_up() {
    let server = server(vec![Reply::Answer(
        "200 OK",
        " ".repeat(MAX_ANSWER_BYTES + 1),
    )]);
    let error = health(&server.rpc).await.expect_err("too long");
    assert!(error.indeterminate());
    assert!(matches!(
        error,
        CallError::Transport(TransportError::TooLong)
    ));
}

#[tokio::test]
async fn what_is_passed_on_keeps_its_body_and_loses_what_its_sender_said_of_itself() {
    let batch = r#"[{"jsonrpc":"2.0","method":"user.me"},7]"#;
    let mut server = server(vec![Reply::Answer("404 Not Found", "[]".into())]);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("antiphon-user", "1"),
        ("authorization", "Bearer x"),
        ("cookie", "antiphon_token=x"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("content-length", "3"),
        ("traceparent", "00-1"),
    ] {
        headers.insert(name, value.parse().expect("a value"));
    }
    let rpc = server.rpc.acting_as(UserId(42));
    let answer = rpc
        .forward(Bytes::from(batch), headers)
        .await
        .expect("answered");
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (404, &b"[]"[..])
    );
    assert_eq!(answer.headers()["antiphon-request-id"], "r1");
    assert!(!answer.headers().contains_key("keep-alive"));
    let (head, body) = server.requests.recv().await.expect("a request");
    assert_eq!(body, batch);
    assert!(head.contains("traceparent: 00-1\r\n") && head.contains("antiphon-user: 42\r\n"));
    for gone in ["antiphon-user: 1\r\n", "bearer", "cookie", "x-hop"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
}

#[tokio::test]
async fn over_tcp_a_token_says_who_calls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let (heard, mut requests) = mpsc::channel(1);
    tokio::spawn(async move {
        let (io, _) = listener.accept().await.expect("a connection");
        converse(io, &mut [healthy()].into_iter(), &heard).await;
    });
    let rpc = Rpc::http(&url, Some("T0k".into())).expect("an address");
    assert_eq!(health(&rpc).await.ok(), Some(7));
    let (head, _) = requests.recv().await.expect("a request");
    assert!(head.starts_with("post /rpc ") && head.contains("authorization: bearer t0k\r\n"));
}

#[test]
fn an_address_that_is_not_one_is_refused_with_the_reason() {
    let refusal = |url: &str| Rpc::http(url, None).err();
    assert_eq!(refusal("https://h:1"), Some(BadUrl::Scheme));
    assert_eq!(refusal("http://h:1/x"), Some(BadUrl::Path));
    assert_eq!(refusal("http://h:1/rpc?a"), Some(BadUrl::Path));
    assert_eq!(refusal("rpc.sock"), Some(BadUrl::Malformed));
    assert_eq!(
        Rpc::http("http://h", Some("a\nb".into())).err(),
        Some(BadUrl::Token)
    );
    assert_eq!(refusal("http://h:1/rpc"), None);
}
