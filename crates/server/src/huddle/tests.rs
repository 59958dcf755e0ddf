//! Huddles against a LiveKit server that answers as it is told to, under a clock that only the test
//! moves.

use std::{convert::Infallible, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use antiphon_api::{
    identity::Identity,
    ids::{HuddleLease, UnixMs, UserId},
};
use antiphon_store::{Options, Store};
use antiphon_token::{Key, Names, Verifier, livekit::ApiKey};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::Mutex;
use serde_json::{Value, json, value::to_raw_value};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    Ghosts, Livekit, Seat,
    ghosts::CONNECT_MS,
    leases::TTL,
    service::{look, lose},
};
use crate::{
    Config, clock,
    context::{Caller, Failure, Shared},
    demo, families,
    rpc::{Router, Run},
    run::recall,
};

const SECRET: &[u8] = b"a secret of thirty-two bytes or so";

/// How the fake server answers.
#[derive(Clone)]
enum Mood {
    Lists(&'static [i64]),
    Says(StatusCode, String),
    Hangs,
}

/// Rooms it was asked about, and `room identity` of those it was to put out.
type Asked = Arc<Mutex<Vec<String>>>;

/// A LiveKit server on loopback.
struct Fake {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    asked: Asked,
    _serving: JoinSet<()>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("binds");
        let address = listener.local_addr().expect("has an address");
        let mood = Arc::new(Mutex::new(Mood::Lists(&[])));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut serving = JoinSet::new();
        let (moods, rooms) = (Arc::clone(&mood), Arc::clone(&asked));
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (mood, asked) = (Arc::clone(&moods), Arc::clone(&rooms));
                let service = service_fn(move |request| {
                    answer(request, mood.lock().clone(), Arc::clone(&asked))
                });
                connections.spawn(async move {
                    let http = http1::Builder::new();
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self {
            address,
            mood,
            asked,
            _serving: serving,
        }
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }

    fn livekit(&self) -> Livekit {
        let key = ApiKey::new("key".to_owned(), SECRET);
        let livekit = Livekit::new(&format!("ws://{}", self.address), key);
        livekit.expect("is a URL")
    }
}

async fn answer(
    request: Request<Incoming>,
    mood: Mood,
    asked: Asked,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let method = path.strip_prefix("/twirp/livekit.RoomService/");
    let puts_out = method == Some("RemoveParticipant");
    assert!(puts_out || method == Some("ListParticipants"), "{path}");
    let token = request.headers()[header::AUTHORIZATION]
        .to_str()
        .expect("text");
    let claims = claims(token.strip_prefix("Bearer ").expect("a bearer token"));
    let body = request
        .into_body()
        .collect()
        .await
        .expect("reads")
        .to_bytes();
    let body: Value = serde_json::from_slice(&body).expect("is JSON");
    assert_eq!(claims["iss"], "key");
    assert_eq!(
        claims["video"],
        json!({ "room": body["room"], "roomAdmin": true })
    );
    let room = body["room"].as_str().expect("a room");
    if puts_out {
        let identity = body["identity"].as_str().expect("an identity");
        asked.lock().push(format!("{room} {identity}"));
        return Ok(Response::new(Full::from("{}")));
    }
    asked.lock().push(room.to_owned());
    let (status, body) = match mood {
        Mood::Lists(users) => (StatusCode::OK, listed(users)),
        Mood::Says(status, body) => (status, body),
        Mood::Hangs => std::future::pending().await,
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    Ok(response)
}

fn listed(users: &[i64]) -> String {
    let participant = |user: &i64| json!({ "identity": format!("user:{user}"), "state": "ACTIVE" });
    let participants: Vec<Value> = users.iter().map(participant).collect();
    json!({ "participants": participants }).to_string()
}

/// What a token says, if it was signed with our secret and is good now.
fn claims(token: &str) -> Value {
    let key = DecodingKey::from_secret(SECRET);
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_nbf = true;
    jsonwebtoken::decode(token, &key, &validation)
        .expect("is ours")
        .claims
}

/// The demo's people with a LiveKit server: ada (1), ben (2) and cleo (3) in channels 1 and 2.
struct Stage {
    shared: Arc<Shared>,
    router: Router,
    fake: Fake,
    _folder: TempDir,
}

fn shared(store: Store, livekit: Option<Livekit>) -> Arc<Shared> {
    let key = Key::random().expect("random numbers");
    let mut config = Config::new(PathBuf::new(), Verifier::new([&key], &Names::default()));
    config.livekit = livekit;
    let (_, means) = config.split();
    Arc::new(Shared::new(store, means))
}

impl Stage {
    async fn new() -> Self {
        let fake = Fake::start().await;
        let livekit = fake.livekit();
        Self::asking(fake, livekit).await
    }

    async fn asking(fake: Fake, livekit: Livekit) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("antiphon.db");
        let store = Store::open(Options::new(path, families::SCHEMA, 1 << 18)).expect("opens");
        let shared = shared(store, Some(livekit));
        let router = Router::new();
        demo::prepare(&shared, &router).await.expect("is prepared");
        Self {
            shared,
            router,
            fake,
            _folder: folder,
        }
    }

    async fn call(&self, user: i64, method: &str, params: Value) -> Value {
        let params = to_raw_value(&params).expect("encodes");
        let prepared = self.router.prepare(method, Some(&params), true);
        let Run::Mutation { run, .. } = prepared.expect("is a call").run else {
            panic!("{method} is no mutation");
        };
        let done = self.shared.work(move |work| {
            let caller = Caller::User(Identity::of(UserId(user)));
            run(&mut work.acting_as(&caller))
        });
        let result = done.await.expect("is carried out");
        serde_json::from_str(result.get()).expect("is JSON")
    }

    async fn start(&self, user: i64, channel: i64) -> Value {
        let params = json!({ "channel_id": channel });
        self.call(user, "huddle.start", params).await
    }

    async fn seats(&self) -> Vec<Seat> {
        let seats = self
            .shared
            .store
            .read(|db| Ok::<_, Failure>(families::all_seats(db)?));
        seats.await.expect("reads")
    }

    async fn users(&self) -> Vec<i64> {
        self.seats()
            .await
            .iter()
            .map(|seat| seat.user.get())
            .collect()
    }

    async fn look(&self, ghosts: &mut Ghosts, now: UnixMs) {
        let livekit = self.shared.livekit.as_ref().expect("there is one");
        look(&self.shared, livekit, ghosts, now)
            .await
            .expect("looks");
    }
}

/// When everybody has had the time to connect.
fn later() -> UnixMs {
    clock::now().plus_ms(2 * CONNECT_MS)
}

#[tokio::test]
async fn who_joins_gets_a_token_for_the_room_of_the_huddle() {
    let stage = Stage::new().await;
    let joined = stage.start(2, 1).await;
    assert_eq!(
        joined["livekit"]["url"],
        format!("ws://{}", stage.fake.address)
    );
    let claims = claims(joined["livekit"]["token"].as_str().expect("a token"));
    let room = format!("huddle-{}", joined["huddle"]["id"]);
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&json!("key"), &json!("user:2"))
    );
    assert_eq!(claims["video"]["room"], json!(room));
    assert_eq!(claims["video"]["roomJoin"], true);
    assert_eq!(claims["video"].get("roomAdmin"), None);
}

#[tokio::test]
async fn a_ghost_that_livekit_does_not_see_is_removed_after_the_second_look() {
    let stage = Stage::new().await;
    stage.start(1, 1).await;
    stage.start(2, 1).await;
    stage.fake.is(Mood::Lists(&[1]));
    let mut ghosts = Ghosts::default();
    stage.look(&mut ghosts, later()).await;
    assert_eq!(stage.users().await, [1, 2]);
    stage.look(&mut ghosts, later()).await;
    assert_eq!(stage.users().await, [1]);
    assert_eq!(*stage.fake.asked.lock(), ["huddle-1", "huddle-1"]);
}

#[tokio::test]
async fn nobody_is_removed_who_has_not_had_the_time_to_connect() {
    let stage = Stage::new().await;
    stage.start(1, 1).await;
    let due = stage.seats().await[0].leased_at.plus_ms(CONNECT_MS);
    let mut ghosts = Ghosts::default();
    for _ in 0..2 {
        stage.look(&mut ghosts, due.plus_ms(-1)).await;
    }
    assert_eq!(stage.users().await, [1]);
    stage.look(&mut ghosts, due).await;
    assert_eq!(stage.users().await, [0; 0]);
}

#[tokio::test]
async fn a_livekit_server_that_fails_or_lies_removes_nobody() {
    let stage = Stage::new().await;
    stage.start(1, 1).await;
    let mut ghosts = Ghosts::default();
    let long = format!(r#"{{"participants":[],"x":"{}"}}"#, "x".repeat(1 << 20));
    for (status, body) in [
        (StatusCode::INTERNAL_SERVER_ERROR, listed(&[])),
        (StatusCode::NOT_FOUND, r#"{"code":"not_found"}"#.to_owned()),
        (StatusCode::UNAUTHORIZED, String::new()),
        (StatusCode::FOUND, listed(&[])),
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::OK, "[]".to_owned()),
        (StatusCode::OK, r#"{"status":"ok"}"#.to_owned()),
        (StatusCode::OK, r#"{"participants":{}}"#.to_owned()),
        (StatusCode::OK, r#"{"participants":[{}]}"#.to_owned()),
        (StatusCode::OK, long),
    ] {
        stage.fake.is(Mood::Says(status, body.clone()));
        for _ in 0..3 {
            stage.look(&mut ghosts, later()).await;
        }
        assert_eq!(stage.users().await, [1], "{status} {body:.80}");
    }
}

#[tokio::test]
async fn a_livekit_server_that_hangs_removes_nobody_and_is_asked_about_no_second_room() {
    let fake = Fake::start().await;
    let mut livekit = fake.livekit();
    livekit.patience = Duration::from_millis(200);
    let stage = Stage::asking(fake, livekit).await;
    stage.start(1, 1).await;
    stage.start(2, 2).await;
    stage.fake.is(Mood::Hangs);
    let mut ghosts = Ghosts::default();
    for _ in 0..3 {
        stage.look(&mut ghosts, later()).await;
    }
    assert_eq!(stage.users().await, [1, 2]);
    let asked = stage.fake.asked.lock();
    assert_eq!(*asked, ["huddle-1"; 3]);
}

#[tokio::test]
async fn who_left_the_channel_or_whose_huddle_ended_is_put_out_of_the_room() {
    let stage = Stage::new().await;
    stage.start(1, 1).await;
    stage.start(2, 1).await;
    stage.fake.is(Mood::Lists(&[1, 2]));
    let mut ghosts = Ghosts::default();
    let left = json!({ "channel_id": 1 });
    stage.call(2, "channel.leave", left.clone()).await;
    stage.look(&mut ghosts, later()).await;
    assert_eq!(*stage.fake.asked.lock(), ["huddle-1", "huddle-1 user:2"]);
    stage.call(1, "channel.leave", left).await;
    stage.fake.asked.lock().clear();
    for _ in 0..2 {
        stage.look(&mut ghosts, later()).await;
    }
    let expected = ["huddle-1", "huddle-1 user:1", "huddle-1 user:2"];
    assert_eq!(*stage.fake.asked.lock(), expected);
}

#[tokio::test]
async fn others_in_the_room_and_those_who_have_gone_do_not_count_as_there() {
    let stage = Stage::new().await;
    stage.start(1, 1).await;
    stage.start(2, 1).await;
    let body = json!({ "participants": [
        { "identity": "recorder" }, { "identity": "user:0" }, { "identity": "" },
        { "identity": "user:2", "state": "DISCONNECTED" }, { "identity": "user:1", "new": 1 },
    ] });
    stage.fake.is(Mood::Says(StatusCode::OK, body.to_string()));
    let mut ghosts = Ghosts::default();
    for _ in 0..2 {
        stage.look(&mut ghosts, later()).await;
    }
    assert_eq!(stage.users().await, [1]);
}

#[tokio::test]
async fn who_came_back_while_livekit_was_asked_is_not_removed_for_the_stay_before() {
    let stage = Stage::new().await;
    let old = stage.start(1, 1).await;
    let lease = HuddleLease(old["lease"].as_i64().expect("a lease"));
    stage.start(1, 1).await;
    let before = vec![(UserId(1), lease)];
    lose(&stage.shared, before).await.expect("is carried out");
    assert_eq!(stage.users().await, [1]);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_everybody_has_one_whole_lease_to_be_heard_of_and_is_then_removed() {
    let stage = Stage::new().await;
    stage.start(1, 1).await;
    let ben = stage.start(2, 1).await["lease"].as_i64().expect("a lease");
    let shared = shared(stage.shared.store.clone(), None);
    recall(&shared).await.expect("reads");
    let ms = Duration::from_millis(1);
    tokio::time::advance(TTL - ms).await;
    assert_eq!(shared.huddles.take_ended(), []);
    shared.huddles.taken(&[(UserId(2), HuddleLease(ben))]);
    tokio::time::advance(ms).await;
    let ended = shared.huddles.take_ended();
    lose(&shared, ended).await.expect("is carried out");
    assert_eq!(stage.users().await, [2]);
    tokio::time::advance(TTL).await;
    lose(&shared, shared.huddles.take_ended())
        .await
        .expect("is carried out");
    assert_eq!(stage.users().await, [0; 0]);
    stage.start(1, 1).await;
    assert_eq!(stage.users().await, [1], "nobody is busy for ever");
}
