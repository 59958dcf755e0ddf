use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{Install, Node, Process};

/// An installation as in production: a signing key, tokens, and no development tokens. Users 1 to
/// 3 exist and share channel 1 all the same.
pub struct Secured {
    pub install: Install,
    pub node: Node,
    pub key: PathBuf,
    log: String,
    flags: Vec<String>,
    /// The server's command line.
    server: Vec<String>,
}

impl Default for Secured {
    fn default() -> Self {
        Self::new("info")
    }
}

impl Secured {
    /// Running, with `log.level` set to `log`.
    pub fn new(log: &str) -> Self {
        Self::with(log, &[])
    }

    /// Running, with `log.level` set to `log` and more flags, each `--set` and a key with its value.
    pub fn with(log: &str, flags: &[&str]) -> Self {
        let mut install = Install::new();
        let key = install.folder().join("key");
        std::fs::write(&key, "a signing key of enough bytes, for tests alone").expect("writes");
        let (folder, data) = (
            install.folder().to_owned(),
            text(&install.data()).to_owned(),
        );
        let args = ["server", "--data", &data, "--signing-key", text(&key)];
        let server: Vec<String> = args.iter().chain(flags).map(ToString::to_string).collect();
        install.server = Some(start_server(&folder, &server, log));
        populate(&install);
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        let node = start_gateway(&install, &key, "127.0.0.1:0", log, &flags);
        Self {
            install,
            node,
            key,
            log: log.to_owned(),
            flags,
            server,
        }
    }

    /// Starts the server as it was started, after it was killed.
    pub fn start_server_again(&mut self) {
        let server = start_server(self.install.folder(), &self.server, &self.log);
        self.install.server = Some(server);
    }

    /// Kills the gateway and starts it where it was.
    pub fn restart_gateway(&mut self) {
        self.node.process.kill();
        let address = self.node.address.clone();
        self.node = start_gateway(&self.install, &self.key, &address, &self.log, &self.flags);
    }

    /// A token from `antiphon token issue`; `ttl` as in `1h`.
    pub fn token(&self, user: i64, ttl: &str) -> String {
        issue(
            self.install.folder(),
            &self.key,
            ["--user", &user.to_string()],
            ttl,
        )
    }

    /// A token for whom an application calls `ext`.
    pub fn external_token(&self, ext: &str, ttl: &str) -> String {
        issue(self.install.folder(), &self.key, ["--ext", ext], ttl)
    }

    /// A token that another instance has signed.
    pub fn foreign_token(&self, user: i64) -> String {
        let key = self.install.folder().join("foreign-key");
        std::fs::write(&key, "somebody else's signing key, as long as ours is").expect("writes");
        let whom = ["--user", &user.to_string()];
        issue(self.install.folder(), &key, whom, "1h")
    }
}

fn start_server(folder: &Path, args: &[String], log: &str) -> Process {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut server = Process::start_logging(folder, &args, log);
    server.says("ready");
    server
}

fn issue(folder: &Path, key: &Path, [flag, whom]: [&str; 2], ttl: &str) -> String {
    let args = [
        "token",
        "issue",
        flag,
        whom,
        "--ttl",
        ttl,
        "--signing-key",
        text(key),
    ];
    let (code, token, errors) = Process::run(folder, &args);
    assert_eq!(code, 0, "no token: {errors}");
    token.trim().to_owned()
}

fn start_gateway(install: &Install, key: &Path, listen: &str, log: &str, flags: &[String]) -> Node {
    let run_dir = install.run_dir();
    let args = [
        "gateway",
        "--server",
        text(&run_dir),
        "--listen",
        listen,
        "--signing-key",
        text(key),
        "--allow-origin",
        "https://app.example",
    ];
    let args: Vec<&str> = args
        .into_iter()
        .chain(flags.iter().map(String::as_str))
        .collect();
    let process = Process::start_logging(install.folder(), &args, log);
    Node::ready(process, &run_dir)
}

fn populate(install: &Install) {
    let operator = install.operator();
    for name in ["ada", "ben", "cleo"] {
        let params = json!({ "name": name, "display_name": name });
        operator.call("user.create", params).expect("a user");
    }
    install.call(1, "workspace.create", json!({ "name": "Demo" }));
    let channel = json!({ "workspace_id": 1, "kind": "public", "name": "general" });
    install.call(1, "channel.create", channel);
    for user in [2, 3] {
        let params = json!({ "workspace_id": 1, "user_id": user });
        install.call(1, "workspace.add_member", params);
        install.call(user, "channel.join", json!({ "channel_id": 1 }));
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

pub fn base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The JSON in a part of a token.
pub fn unbase64url(text: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}
