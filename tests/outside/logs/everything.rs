//! Everything that can be done, with a mark in every text and a note of every secret.

use std::path::Path;

use antiphon_api::{method::MethodInfo, methods::METHODS};
use antiphon_test_support::{
    Begun, EventStream, Http, Process, Scrape, Secured, Tab, base64url, eventually, free_address,
    pos, unbase64url,
};
use serde_json::{Value, json};
use tungstenite::Message;

/// Is in every text that somebody writes.
pub(super) const MARK: &str = "s3cr3t";

/// Params that are text of somebody's own; where they are wrong in it, so much the better.
const TEXTS: &[&str] = &[
    "body",
    "content",
    "display_name",
    "emoji",
    "name",
    "patch",
    "query",
    "text",
    "title",
    "topic",
    "values",
];

/// Calls after which there is less to do.
const ENDING: &[&str] = &[
    "channel.archive",
    "channel.delete",
    "token.revoke",
    "user.deactivate",
    "workspace.delete",
    "workspace.set_role",
];

/// Calls a method over some way in.
type Call = Box<dyn FnMut(&str, Value) -> Result<Value, Value>>;

pub(super) struct Everything {
    secured: Secured,
    /// Where gateway and server tell how they are.
    watched: [String; 2],
    /// Of users 1 to 3.
    tokens: Vec<String>,
    secrets: Vec<String>,
    /// How many texts were made.
    number: usize,
}

impl Everything {
    /// A server and a gateway that log all there is, as JSON. LiveKit's secret is the signing key.
    pub(super) fn begin() -> Self {
        let watched = [free_address(), free_address()];
        let keys = [
            "log.format=json",
            "gateway.canary_interval=50ms",
            &format!("gateway.metrics_listen={}", watched[0]),
            &format!("server.metrics_listen={}", watched[1]),
            "server.rpc_listen=127.0.0.1:0",
            "server.livekit.url=http://127.0.0.1:9",
            "server.livekit.key=a-key",
            "server.livekit.secret_file=key",
        ];
        let flags: Vec<&str> = keys.into_iter().flat_map(|key| ["--set", key]).collect();
        let secured = Secured::with("trace", &flags);
        let tokens: Vec<String> = (1..=3).map(|user| secured.token(user, "1h")).collect();
        let key = std::fs::read_to_string(&secured.key).expect("a key");
        let mut everything = Self {
            secured,
            watched,
            tokens: tokens.clone(),
            secrets: vec![MARK.to_owned()],
            number: 0,
        };
        for secret in tokens.iter().chain([&key]) {
            everything.note(secret);
        }
        everything
    }

    pub(super) fn folder(&self) -> &Path {
        self.secured.install.folder()
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        assert!(self.secrets.len() > 30, "there were some");
        self.secrets.clone()
    }

    /// A secret: it, its last part, which signs a token, and it as a browser offers it. Its last
    /// bytes may be told otherwise there, with what is behind them.
    fn note(&mut self, secret: &str) {
        let last = secret.rsplit('.').next().expect("a part");
        let encoded = base64url(secret);
        let encoded = &encoded[..encoded.len() - 4];
        let all = [secret, last, encoded].map(ToOwned::to_owned);
        self.secrets.extend(all);
    }

    /// Notes what an answer holds that is secret.
    fn note_answer(&mut self, result: &Value) {
        for holder in [result, &result["livekit"]] {
            for name in ["ticket", "token"] {
                if let Some(secret) = holder[name].as_str() {
                    self.note(secret);
                }
            }
        }
    }

    pub(super) fn bearer(&self, user: usize) -> Http {
        self.authorized(&self.tokens[user - 1])
    }

    fn authorized(&self, token: &str) -> Http {
        let http = self.secured.node.http();
        http.with_header("Authorization", &format!("Bearer {token}"))
    }

    fn open(&self, path: &str, headers: &[(&str, &str)]) -> Option<Tab> {
        let opened = Tab::connect(&self.secured.node.address, path, headers);
        opened.ok().map(|tab| Begun::by(tab).tab)
    }

    /// A user's tab, and what its session is called.
    pub(super) fn tab(&self, user: usize) -> (Tab, Value) {
        let headers = [(
            "Authorization",
            &*format!("Bearer {}", self.tokens[user - 1]),
        )];
        let tab = Tab::connect(&self.secured.node.address, "/ws/user/me", &headers);
        let begun = Begun::by(tab.expect("is let in"));
        (begun.tab, begun.hello["session"].clone())
    }

    fn ticket(&mut self) -> String {
        let issued = self.bearer(1).call("session.ticket", json!({}));
        let issued = issued.expect("a ticket");
        self.note_answer(&issued);
        issued["ticket"].as_str().expect("text").to_owned()
    }

    /// JSON-RPC over the server's own TCP.
    fn tcp(&mut self) -> Http {
        let server = self.secured.install.server.as_mut().expect("runs");
        let line = server.says("JSON-RPC is at");
        let address = line.split("http://").nth(1).expect("an address");
        let http = Http::tcp(address.trim_end_matches("/rpc"));
        http.with_header("Authorization", &format!("Bearer {}", self.tokens[0]))
    }

    /// The params of a method's example, with a text of our own wherever there is one.
    fn params(&mut self, example: &str) -> Value {
        let mut params: Value = serde_json::from_str(example).expect("is JSON");
        for name in TEXTS {
            self.number += 1;
            match params.get_mut(*name) {
                Some(Value::String(text)) => *text = format!("{MARK}-{}", self.number),
                Some(value) => *value = json!({ MARK: [format!("{MARK}-{}", self.number)] }),
                None => {}
            }
        }
        params
    }

    pub(super) fn every_method_over_every_way_in(&mut self) {
        let usual = METHODS
            .iter()
            .filter(|method| !ENDING.contains(&method.name));
        let usual: Vec<&MethodInfo> = usual.collect();
        for (way, call) in self.ways_in().iter_mut().enumerate() {
            let mut done = 0;
            for method in &usual {
                let mut params = self.params(method.example);
                params["idempotency_key"] = format!("{}-{way}", method.name).into();
                // Only mutations take the key; to the others it is one word too many.
                for _ in 0..2 {
                    if let Ok(result) = call(method.name, params.clone()) {
                        self.note_answer(&result);
                        done += 1;
                    }
                    let taken = params.as_object_mut().expect("an object");
                    taken.remove("idempotency_key");
                }
            }
            // The operator acts as nobody in most families.
            let enough = if way == 0 { 5 } else { 40 };
            assert!(
                done >= enough,
                "{done} calls were carried out over way {way}"
            );
        }
    }

    /// Calls after which there is less to do, over every way in.
    pub(super) fn what_ends_things(&mut self) {
        for call in self.ways_in().iter_mut().rev() {
            for method in METHODS
                .iter()
                .filter(|method| ENDING.contains(&method.name))
            {
                // Many of them find nothing to end any more.
                let _ = call(method.name, self.params(method.example));
            }
        }
    }

    /// As the operator, and then as user 1: the server's socket, the gateway, the server's TCP, a tab.
    fn ways_in(&mut self) -> [Call; 5] {
        let install = &self.secured.install;
        let (operator, user) = (install.operator(), install.user(1));
        let (gateway, tcp, (mut tab, _)) = (self.bearer(1), self.tcp(), self.tab(1));
        let over =
            |http: Http| -> Call { Box::new(move |method, params| http.call(method, params)) };
        [
            over(operator),
            over(user),
            over(gateway),
            over(tcp),
            Box::new(move |method, params| tab.call(method, params)),
        ]
    }

    pub(super) fn every_way_to_show_who_one_is(&mut self) {
        let tickets = [self.ticket(), self.ticket(), self.ticket()];
        let token = self.tokens[1].clone();
        let own = format!("http://{}", self.secured.node.address);
        let (bearer, cookie) = (format!("Bearer {token}"), format!("antiphon_token={token}"));
        let protocols = format!("antiphon.v1, bearer.{}", base64url(&token));
        let good: [(&str, &[(&str, &str)]); 4] = [
            ("/ws/user/2", &[("Authorization", &bearer)]),
            ("/ws/user/2", &[("Sec-WebSocket-Protocol", &protocols)]),
            ("/ws/user/2", &[("Cookie", &cookie), ("Origin", &own)]),
            (&format!("/ws/user/1?ticket={}", tickets[0]), &[]),
        ];
        for (path, headers) in good {
            assert!(self.open(path, headers).is_some(), "{path} {headers:?}");
        }
        let basic = format!("Basic {token}");
        let bad: [(&str, &[(&str, &str)]); 6] = [
            (&format!("/ws/user/1?ticket={}", tickets[0]), &[]),
            (&format!("/ws/user/2?ticket={}", tickets[1]), &[]),
            (&format!("/ws/user/2?token={token}"), &[]),
            (&format!("/ws/{token}"), &[("Authorization", &bearer)]),
            ("/ws/user/2", &[("Cookie", &cookie)]),
            ("/ws/user/2", &[("Authorization", &basic)]),
        ];
        for (path, headers) in bad {
            assert!(self.open(path, headers).is_none(), "{path} {headers:?}");
        }
        self.unwelcome_tokens();
        let cookie = self.secured.node.http().with_header("Cookie", &cookie);
        let cookie = cookie.with_header("Origin", &own);
        assert!(cookie.call("user.me", json!({})).is_ok());
        let spent = self.secured.node.http();
        let answer = spent.get(&format!("/rpc?ticket={}", tickets[2]));
        assert_eq!(answer.expect("an answer").status, 405);
    }

    /// Tokens that were good, or never are.
    fn unwelcome_tokens(&mut self) {
        let short = self.secured.token(2, "1s");
        let foreign = self.secured.foreign_token(2);
        let unknown = self.secured.external_token(MARK, "1h");
        let operator = self.secured.install.operator();
        let issued = operator.call("token.issue", json!({ "user_id": 2, "ttl_ms": 60_000 }));
        let issued = issued.expect("a token");
        let revoked = issued["token"].as_str().expect("text").to_owned();
        let headers = [("Authorization", &*format!("Bearer {revoked}"))];
        let mut tab = self.open("/ws/user/2", &headers).expect("is good so far");
        let named = operator.call("token.revoke", json!({ "jti": issued["jti"] }));
        named.expect("is revoked");
        tab.end();
        let claims = unbase64url(short.split('.').nth(1).expect("three parts"));
        assert!(claims["exp"].is_i64());
        for token in [short, foreign, unknown, revoked] {
            self.note(&token);
            let tcp = self
                .tcp()
                .with_header("Authorization", &format!("Bearer {token}"));
            eventually("a refusal", || {
                let refused = self.authorized(&token).call("user.me", json!({})).err()?;
                (refused["code"] == -32001).then_some(())
            });
            let answer = self
                .authorized(&token)
                .get("/sse/user/2")
                .expect("an answer");
            assert_ne!(answer.status, 200);
            // The first header counts, and is a good one.
            assert!(tcp.call("user.me", json!({})).is_ok());
        }
    }

    pub(super) fn what_makes_no_sense(&mut self) {
        let cut = format!(r#"{{"jsonrpc":"2.0","method":"{MARK}","params":{{"{MARK}":"{MARK}"#);
        let unknown = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{MARK}.{MARK}"}}"#);
        let surplus = format!(
            r#"{{"jsonrpc":"2.0","id":"{MARK}","method":"user.me","params":{{"{MARK}":1}}}}"#
        );
        let wrong = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"user.get","params":{{"user_id":"{MARK}"}}}}"#
        );
        let long = MARK.repeat(300_000);
        let bodies = [&*cut, &unknown, &surplus, &wrong, "[]", MARK, &long];
        let ways = [self.secured.install.user(1), self.bearer(2), self.tcp()];
        for (way, body) in ways.iter().flat_map(|way| bodies.map(|body| (way, body))) {
            // One that is refused for its length may find the connection closed.
            let _ = way.post("/rpc", body);
        }
        let odd = self
            .bearer(2)
            .with_header("Antiphon-Request-Id", &format!("{MARK}!"));
        let odd = odd
            .with_header("Antiphon-User", MARK)
            .with_header("X-Forwarded-For", MARK);
        assert!(odd.call("user.me", json!({})).is_ok());
        for path in ["", "sse/user/", "ws/user/", "rpc?", "openrpc.json?"] {
            for method in ["GET", "PUT"] {
                let path = format!("/{path}{MARK}?{MARK}={MARK}");
                odd.request(method, &path, MARK).expect("an answer");
            }
        }
        let operator = self.secured.install.operator();
        let odd = operator.with_header("Antiphon-User", MARK);
        assert!(odd.call("user.me", json!({})).is_err());
        let frames = [&*cut, &unknown, &surplus, MARK, r#"{"type":"s3cr3t"}"#, "7"];
        for last in [Message::binary(MARK), Message::text(&long[..70_000])] {
            let (mut tab, _) = self.tab(3);
            for frame in frames {
                tab.send_text(frame);
            }
            tab.send_message(last);
            tab.end();
        }
    }

    pub(super) fn leaving_and_coming_back(&mut self) {
        let (mut tab, _) = self.tab(2);
        let at = pos(&tab.call("state.snapshot", json!({})).expect("a snapshot"));
        tab.close();
        tab.end();
        for number in 0..3 {
            self.secured.install.send(1, 1, &format!("{MARK} {number}"));
        }
        let bearer = format!("Bearer {}", self.tokens[1]);
        let here = |headers: &[(&str, &str)], query: &str| {
            let mut all = vec![("Authorization", &*bearer)];
            all.extend(headers);
            let path = format!("/sse/user/2?{query}");
            let stream = EventStream::open(&self.secured.node.address, &path, &all);
            stream.expect("a stream").through("live")
        };
        let heard = here(&[("Last-Event-ID", &at.to_string())], "");
        assert!(
            heard
                .iter()
                .any(|event| event.data.to_string().contains(MARK))
        );
        here(&[("Last-Event-ID", MARK)], "");
        here(&[], &format!("resume_from=7&session={MARK}"));
        here(&[], &format!("pos={MARK}"));
        self.secured.restart_gateway();
        let path = format!("/ws/user/2?pos={at}");
        let tab = Tab::connect(
            &self.secured.node.address,
            &path,
            &[("Authorization", &bearer)],
        );
        assert_eq!(Begun::by(tab.expect("is let in")).outcome(), ("log", None));
    }

    pub(super) fn a_crash_with_calls_under_way(&mut self) {
        let (mut tab, _) = self.tab(3);
        let server = self.secured.install.server.as_ref().expect("runs");
        server.signal("STOP");
        for id in 0..3 {
            tab.send(&json!({
                "jsonrpc": "2.0", "id": id, "method": "message.send",
                "params": { "channel_id": 1, "body": MARK },
            }));
        }
        self.secured.install.kill_server();
        for _ in 0..3 {
            while tab.frame().expect("an answer")["error"]["code"] != -32050 {}
        }
        let headers = [("Authorization", &*format!("Bearer {}", self.tokens[0]))];
        let away = self.open("/ws/user/1?ticket=s3cr3t-ticket", &headers);
        drop(away);
        assert!(self.open("/ws/user/1?ticket=s3cr3t-ticket", &[]).is_none());
        assert!(self.bearer(1).call("user.me", json!({})).is_err());
        self.secured.start_server_again();
        eventually("an answer", || {
            self.bearer(3).call("user.me", json!({})).ok()
        });
    }

    /// A canary sings all the while; this looks after it as whoever keeps the installation does.
    pub(super) fn looking_after_it(&self) {
        let [gateway, server] = &self.watched;
        eventually("a probe that arrives", || {
            let arrived = [("outcome", "arrived")];
            let probes =
                Scrape::of(gateway).value("antiphon_gateway_canary_probes_total", &arrived);
            (probes > 0.0).then_some(())
        });
        assert!(Scrape::of(server).value("antiphon_server_links", &[]) > 0.0);
        let (data, url) = (
            self.secured.install.data(),
            format!("http://{}", self.secured.node.address),
        );
        let [data, key] = [&data, &self.secured.key].map(|path| path.to_str().expect("is text"));
        let place = ["--data", data, "--signing-key", key, "--gateway", &url];
        let (_, report, errors) = Process::run(self.folder(), &[&["doctor"], &place[..]].concat());
        let delivered = r#"{"check":"probe","verdict":"ok""#;
        assert!(report.contains(delivered), "{report}{errors}");
    }

    /// Stops both in order, with a tab open.
    pub(super) fn the_end(&mut self) {
        let (mut tab, _) = self.tab(1);
        self.secured.node.process.signal("TERM");
        tab.end();
        assert!(self.secured.node.process.wait().success());
        self.secured.install.stop_server();
    }
}
