use std::{
    fs,
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Begun, EventStream, Http, Process, Proxy, Refused, Tab};

/// An installation in a temporary folder: a data folder, a server, gateways. In development, so
/// that users 1 to 3 exist and `dev:N` is a token, unless started otherwise.
pub struct Install {
    folder: TempDir,
    pub server: Option<Process>,
    key: Option<PathBuf>,
}

/// A gateway process and its address, which it keeps when started again.
pub struct Node {
    pub process: Process,
    pub address: String,
    server: PathBuf,
}

impl Default for Install {
    fn default() -> Self {
        Self::new()
    }
}

impl Install {
    /// An empty one; nothing runs.
    pub fn new() -> Self {
        Self::in_folder(Path::new("/tmp"))
    }

    /// As [`new`](Self::new), but in memory where the system has such a folder, so that a commit
    /// waits for no disk.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        Self::in_folder(if memory.is_dir() {
            memory
        } else {
            Path::new("/tmp")
        })
    }

    fn in_folder(parent: &Path) -> Self {
        // Short, because a socket's path may have 107 bytes only.
        let folder = tempfile::Builder::new().prefix("an-").tempdir_in(parent);
        Self {
            folder: folder.expect("a temporary folder"),
            server: None,
            key: None,
        }
    }

    /// Its servers sign tokens, and its gateways believe them.
    pub fn signing(mut self) -> Self {
        let key = self.folder().join("key");
        fs::write(&key, "a signing key of enough bytes, for tests alone").expect("writes");
        self.key = Some(key);
        self
    }

    fn key_args(&self) -> Vec<&str> {
        let key = self.key.as_ref();
        let key = key.map(|path| path.to_str().expect("the path is text"));
        key.map_or_else(Vec::new, |path| vec!["--signing-key", path])
    }

    /// With a running server and one gateway.
    pub fn running() -> (Self, Node) {
        let mut install = Self::new();
        install.start_server();
        let node = install.start_gateway();
        (install, node)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn database(&self) -> PathBuf {
        self.data().join("antiphon.db")
    }

    pub fn run_dir(&self) -> PathBuf {
        self.data().join("run")
    }

    /// Starts the server, which may have been killed, and waits until it answers.
    pub fn start_server(&mut self) {
        let data = self.data();
        let data = data.to_str().expect("the path is text");
        let mut args = vec!["server", "--dev", "--data", data];
        args.extend(self.key_args());
        let mut server = Process::start(self.folder.path(), &args);
        server.says("ready");
        self.server = Some(server);
    }

    pub fn kill_server(&mut self) {
        self.server = None;
    }

    /// Kills the server and starts it again.
    pub fn start_again(&mut self) {
        self.kill_server();
        self.start_server();
    }

    /// Asks the server to stop, and waits until it has.
    pub fn stop_server(&mut self) {
        let mut server = self.server.take().expect("a server runs");
        server.signal("TERM");
        let status = server.wait();
        assert!(status.success(), "{status}: {}", server.errors());
    }

    /// Starts a gateway on a port of its own and waits until it is linked.
    pub fn start_gateway(&self) -> Node {
        self.start_gateway_at(&self.run_dir())
    }

    /// As [`start_gateway`](Self::start_gateway), with these keys of the configuration set, each as
    /// `key=value`.
    pub fn start_gateway_with(&self, keys: &[&str]) -> Node {
        let server = self.run_dir();
        let process = self.gateway(&server, &free_address(), keys);
        Node::ready(process, &server)
    }

    /// As [`start_gateway`](Self::start_gateway), with the server's sockets in another folder.
    pub fn start_gateway_at(&self, server: &Path) -> Node {
        let process = self.gateway(server, &free_address(), &[]);
        Node::ready(process, server)
    }

    /// Starts server and gateway in one process, with `log.level` set to `log`.
    pub fn serve(&self, log: &str) -> Node {
        let data = self.data();
        let data = data.to_str().expect("the path is text");
        let args = [
            "serve",
            "--dev",
            "--data",
            data,
            "--listen",
            "127.0.0.1:0",
            "--drain-window",
            "1s",
        ];
        let process = Process::start_logging(self.folder(), &args, log);
        Node::ready(process, &self.run_dir())
    }

    /// As [`serve`](Self::serve), with these keys of the configuration set, each as `key=value`.
    pub fn serve_with(&self, keys: &[&str]) -> Node {
        let data = self.data();
        let data = data.to_str().expect("the path is text");
        let args = ["serve", "--dev", "--listen", "127.0.0.1:0", "--data", data];
        let set = keys.iter().flat_map(|key| ["--set", key]);
        let args: Vec<&str> = args.into_iter().chain(set).collect();
        let process = Process::start(self.folder(), &args);
        Node::ready(process, &self.run_dir())
    }

    /// A gateway that reaches one of the server's sockets through the proxy.
    pub fn start_gateway_behind_proxy(&self, socket: &str) -> (Node, Proxy) {
        let near = self.folder.path().join("near");
        fs::create_dir(&near).expect("the folder is writable");
        let proxy = Proxy::start(&near.join(socket), &self.run_dir().join(socket));
        for other in ["rpc.sock", "events.sock"] {
            if other != socket {
                symlink(self.run_dir().join(other), near.join(other)).expect("a link can be made");
            }
        }
        (self.start_gateway_at(&near), proxy)
    }

    /// Starts a killed gateway again where it was.
    pub fn restart_gateway(&self, node: &mut Node) {
        node.process.kill();
        let process = self.gateway(&node.server, &node.address, &[]);
        *node = Node::ready(process, &node.server.clone());
    }

    fn gateway(&self, server: &Path, listen: &str, keys: &[&str]) -> Process {
        let server = server.to_str().expect("the path is text");
        let mut args = vec![
            "gateway",
            "--dev",
            "--server",
            server,
            "--listen",
            listen,
            "--drain-window",
            "1s",
        ];
        args.extend(self.key_args());
        args.extend(keys.iter().flat_map(|key| ["--set", key]));
        Process::start(self.folder(), &args)
    }

    /// The operator's calls, over rpc.sock.
    pub fn operator(&self) -> Http {
        Http::unix(self.run_dir().join("rpc.sock"))
    }

    /// Calls as a user, over rpc.sock.
    pub fn user(&self, id: i64) -> Http {
        self.operator()
            .with_header("Antiphon-User", &id.to_string())
    }

    /// The position of the log's newest event.
    pub fn head(&self) -> i64 {
        let health = self.operator().call("server.health", Value::Null);
        health.expect("is healthy")["head"]
            .as_i64()
            .expect("a position")
    }

    /// The position that a user's snapshot has now.
    pub fn position(&self, user: i64) -> i64 {
        crate::pos(&self.call(user, "state.snapshot", json!({})))
    }

    /// Has a user say this in a channel; the message's id.
    pub fn send(&self, user: i64, channel: i64, body: &str) -> i64 {
        let params = json!({ "channel_id": channel, "body": body });
        let sent = self.call(user, "message.send", params);
        sent["message"]["id"].as_i64().expect("an id")
    }

    /// Has a user say something in channel 1, `count` times, as fast as it goes.
    pub fn say(&self, user: i64, count: usize) {
        let mut left = count;
        while left > 0 {
            let batch: Vec<Value> = (0..left.min(100))
                .map(|number| {
                    json!({
                        "jsonrpc": "2.0", "id": number, "method": "message.send",
                        "params": { "channel_id": 1, "body": format!("{number} of {left}") },
                    })
                })
                .collect();
            left -= batch.len();
            let answer = self
                .user(user)
                .post("/rpc", &Value::from(batch).to_string());
            let answers = answer.expect("the server answers").json();
            for answer in answers.as_array().expect("a batch") {
                assert!(answer["error"].is_null(), "{answer}");
            }
        }
    }

    /// As [`say`](Self::say) over eight connections at once, which is several times as fast;
    /// `count` is a multiple of 800.
    pub fn say_much(&self, user: i64, count: usize) {
        assert_eq!(count % 800, 0, "eight equal shares of whole batches");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| self.say(user, count / 8));
            }
        });
    }

    /// Calls a method as a user, which must succeed.
    pub fn call(&self, user: i64, method: &str, params: Value) -> Value {
        self.user(user)
            .call(method, params)
            .expect("the call succeeds")
    }
}

/// An address that is free and stays ours while nobody listens on it: its port is below those that
/// systems give to outgoing connections.
pub fn free_address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id() * 61 + COUNT.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.0.0.1:{}", 12_000 + number % 20_000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

impl Node {
    pub(crate) fn ready(mut process: Process, server: &Path) -> Self {
        let line = process.says("http://");
        let address = line
            .split("http://")
            .nth(1)
            .expect("an address")
            .trim_end_matches('/');
        let node = Self {
            address: address.to_owned(),
            process,
            server: server.to_owned(),
        };
        crate::eventually("a gateway that is ready", || {
            (node.http().get("/readyz").ok()?.status == 200).then_some(())
        });
        node
    }

    /// Calls through this gateway, without a token.
    pub fn http(&self) -> Http {
        Http::tcp(&self.address)
    }

    /// Calls through this gateway, as a development user.
    pub fn user(&self, id: i64) -> Http {
        self.http()
            .with_header("Authorization", &format!("Bearer dev:{id}"))
    }

    /// Waits until this gateway has seen everything the server's log has now. A client need not:
    /// one that lags serves at once what it has.
    pub fn catches_up(&self, install: &Install) {
        let head = install.head();
        crate::eventually("a gateway that has caught up", || {
            let mut tab = self.tab(3, "").expect("is let in");
            (crate::pos(&tab.until("live")) >= head).then_some(())
        });
    }

    /// Opens an event stream of a development user; `query` as in `pos=7`.
    pub fn events(&self, user: i64, query: &str, headers: &[(&str, &str)]) -> EventStream {
        let bearer = format!("Bearer dev:{user}");
        let mut all = vec![("Authorization", &*bearer)];
        all.extend(headers);
        EventStream::open(&self.address, &format!("/sse/user/{user}?{query}"), &all)
            .expect("a stream")
    }

    /// Opens a tab of a development user, `query` as in `pos=7`, and reads up to `live`.
    pub fn live(&self, user: i64, query: &str) -> Tab {
        Begun::of(self, user, query).tab
    }

    /// Opens a tab of a development user; `query` as in `pos=7`.
    pub fn tab(&self, user: i64, query: &str) -> Result<Tab, Refused> {
        Tab::connect(
            &self.address,
            &format!("/ws/user/{user}?{query}"),
            &[("Authorization", &format!("Bearer dev:{user}"))],
        )
    }
}
