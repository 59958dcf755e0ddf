//! Sockets that somebody else keeps open, so that a restart refuses nobody.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixListener,
    },
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use antiphon_test_support::{Closed, Http, Install, Process, Supervisor, Tab, now};
use serde_json::json;

/// From one new connection to the next.
const PACE: Duration = Duration::from_millis(10);

/// How often a daemon is restarted: `ANTIPHON_RESTARTS`.
fn restarts() -> usize {
    let given = std::env::var("ANTIPHON_RESTARTS").ok();
    given.map_or(5, |count| count.parse().expect("a number"))
}

pub(crate) fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("has an address").to_string();
    (listener, address)
}

/// A Unix socket such as a supervisor makes for a server.
pub(crate) fn unix(folder: &Path, name: &str) -> UnixListener {
    let path = folder.join(name);
    let listener = UnixListener::bind(&path).expect("a socket can be bound");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660)).expect("is ours");
    listener
}

/// A gateway's arguments, with the server's sockets in `server`.
fn gateway_args(server: &Path) -> Vec<String> {
    let server = server.to_str().expect("the path is text");
    let args = [
        "gateway",
        "--dev",
        "--drain-window",
        "300ms",
        "--set",
        "gateway.caps.tabs_per_user=1000",
        "--server",
        server,
    ];
    args.map(ToOwned::to_owned).to_vec()
}

fn started(supervisor: &Supervisor, args: &[String]) -> Process {
    supervisor.start(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Asks it to stop, in order, and starts the next.
fn restart(supervisor: &Supervisor, process: &mut Process, args: &[String]) {
    process.signal("TERM");
    let status = process.wait();
    assert!(status.success(), "{status}: {}", process.errors());
    *process = started(supervisor, args);
}

/// What became of those who came while it was restarted.
#[derive(Debug, Default)]
struct Came {
    /// They heard `live`.
    live: usize,
    /// They were let in, and told to come back before they were live.
    sent_on: usize,
    refused: Vec<String>,
}

/// One new tab.
fn come(address: &str, came: &Mutex<Came>) {
    let headers = [("Authorization", "Bearer dev:1")];
    let refused = |why: String| came.lock().expect("no panic").refused.push(why);
    let mut tab = match Tab::try_connect(address, "/ws/user/1", &headers) {
        Ok(Ok(tab)) => tab,
        Ok(Err(answer)) => return refused(format!("{} {}", answer.status, answer.body)),
        Err(error) => return refused(error.to_string()),
    };
    let mut sent_on = false;
    loop {
        match tab.frame() {
            Ok(frame) if frame["type"] == "live" => {
                return came.lock().expect("no panic").live += 1;
            }
            Ok(frame) => sent_on |= frame["type"] == "going_away",
            Err(Closed::With(1012)) if sent_on => {
                return came.lock().expect("no panic").sent_on += 1;
            }
            Err(end) => return refused(format!("{end:?} before live")),
        }
    }
}

/// Has a tab come every [`PACE`], whatever became of those before, while `meanwhile` runs.
fn with_newcomers(address: &str, meanwhile: impl FnOnce()) -> Came {
    let (came, over) = (Mutex::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let begun = now();
            for number in 0.. {
                if over.load(Relaxed) {
                    return;
                }
                thread::sleep((begun + PACE * number).saturating_duration_since(now()));
                scope.spawn(|| come(address, &came));
            }
        });
        meanwhile();
        over.store(true, Relaxed);
    });
    came.into_inner().expect("no panic")
}

#[test]
fn a_gateway_that_is_restarted_again_and_again_refuses_nobody() {
    let mut install = Install::new();
    install.start_server();
    let (listener, address) = listener();
    let supervisor = Supervisor::new(install.folder(), "unit").with("http", listener);
    let args = gateway_args(&install.run_dir());
    let mut gateway = started(&supervisor, &args);
    let count = restarts();
    let came = with_newcomers(&address, || {
        for _ in 0..count {
            restart(&supervisor, &mut gateway, &args);
        }
    });
    assert_eq!(came.refused, [""; 0], "{came:?}");
    // As many as come in the time that the restarts take, which is short.
    assert!(came.live > 2 * count, "{came:?}");
    println!(
        "{count} restarts: {} live, {} sent on",
        came.live, came.sent_on
    );
}

#[test]
fn a_server_that_is_restarted_again_and_again_refuses_no_call() {
    let install = Install::new();
    let run = install.folder().join("run");
    std::fs::create_dir(&run).expect("the folder is writable");
    let supervisor = Supervisor::new(install.folder(), "unit")
        .with("events", unix(&run, "events.sock"))
        .with("rpc", unix(&run, "rpc.sock"));
    let args = ["server", "--dev", "--data"].map(ToOwned::to_owned);
    let args = [&args[..], &[install.data().display().to_string()]].concat();
    let mut server = started(&supervisor, &args);
    let (failed, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let answered = thread::scope(|scope| {
        let caller = scope.spawn(|| {
            let mut answered = 0;
            while !over.load(Relaxed) {
                let health =
                    Http::unix(run.join("rpc.sock")).try_call("server.health", json!(null));
                match health {
                    Ok(Ok(_)) => answered += 1,
                    other => failed.lock().expect("no panic").push(format!("{other:?}")),
                }
                thread::sleep(PACE);
            }
            answered
        });
        for _ in 0..restarts() {
            restart(&supervisor, &mut server, &args);
        }
        over.store(true, Relaxed);
        caller.join().expect("no panic")
    });
    assert_eq!(*failed.lock().expect("no panic"), [""; 0]);
    assert!(answered >= restarts(), "{answered}");
    server.signal("TERM");
    assert!(server.wait().success(), "{}", server.errors());
    assert!(run.join("rpc.sock").exists(), "it is not the server's");
    assert!(!install.run_dir().join("rpc.sock").exists());
}

#[test]
fn a_server_that_was_given_its_sockets_leaves_the_data_folder_to_its_user() {
    let install = Install::new();
    let supervisor = Supervisor::new(install.folder(), "unit")
        .with("events", unix(install.folder(), "events.sock"))
        .with("rpc", unix(install.folder(), "rpc.sock"));
    let metadata = |path: &Path| std::fs::metadata(path).expect("is there");
    let own = metadata(install.folder()).gid();
    let (data, group) = (install.data(), format!("server.socket_group={own}"));
    let path = data.to_str().expect("the path is text");
    let _server = supervisor.start(&["server", "--dev", "--data", path, "--set", &group]);
    assert_eq!(metadata(&data).mode() & 0o777, 0o750, "and not 710");
}

#[test]
fn a_gateway_that_was_given_its_socket_waits_for_its_server_before_it_accepts() {
    let mut install = Install::new();
    let (listener, address) = listener();
    let supervisor = Supervisor::new(install.folder(), "unit").with("http", listener);
    let _gateway = started(&supervisor, &gateway_args(&install.run_dir()));
    let came = with_newcomers(&address, || install.start_server());
    assert_eq!(came.refused, [""; 0], "{came:?}");
    assert!(came.live > 0, "{came:?}");
}

#[test]
fn who_comes_during_a_drain_is_served_by_the_next_gateway() {
    let mut install = Install::new();
    install.start_server();
    let (listener, address) = listener();
    let supervisor = Supervisor::new(install.folder(), "unit").with("http", listener);
    let args = gateway_args(&install.run_dir());
    let mut gateway = started(&supervisor, &args);
    let headers = [("Authorization", "Bearer dev:1")];
    let tab = || Tab::connect(&address, "/ws/user/1", &headers).expect("is let in");
    let mut first = tab();
    first.until("live");
    gateway.signal("TERM");
    first.until("going_away");
    thread::scope(|scope| {
        let second = scope.spawn(tab);
        assert!(gateway.wait().success(), "{}", gateway.errors());
        assert!(!second.is_finished(), "who would have let it in?");
        let _next = started(&supervisor, &args);
        second.join().expect("is let in").until("live");
    });
}

#[test]
fn who_was_accepted_before_the_drain_and_asks_only_then_is_let_in() {
    let mut install = Install::new();
    install.start_server();
    let (listener, address) = listener();
    let supervisor = Supervisor::new(install.folder(), "unit").with("http", listener);
    let mut gateway = started(&supervisor, &gateway_args(&install.run_dir()));
    let mut early = TcpStream::connect(&address).expect("connects");
    // Connections are accepted in their order.
    let alive = Http::tcp(&address).get("/healthz").expect("answers");
    assert_eq!(alive.status, 200);
    gateway.signal("TERM");
    supervisor.hears("STOPPING=1", &gateway);
    let upgrade = format!(
        "GET /ws/user/1 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer dev:1\r\n\
         Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    early.write_all(upgrade.as_bytes()).expect("is sent");
    let mut heard = Vec::new();
    early.read_to_end(&mut heard).expect("it ends");
    let heard = String::from_utf8_lossy(&heard);
    assert!(heard.starts_with("HTTP/1.1 101"), "{heard}");
    for frame in ["hello", "going_away"] {
        assert!(heard.contains(frame), "{heard}");
    }
    assert!(gateway.wait().success(), "{}", gateway.errors());
}

#[test]
fn a_socket_of_the_wrong_kind_or_of_no_known_name_is_refused_with_the_reason() {
    let install = Install::new();
    let refused = |unit: &str, supervisor: Supervisor, args: &[&str]| -> String {
        let mut process = supervisor.spawn(args);
        assert_eq!(
            process.wait().code(),
            Some(78),
            "{unit}: {}",
            process.errors()
        );
        process.errors()
    };
    let new = |unit: &str| Supervisor::new(install.folder(), unit);
    let data = install.data().display().to_string();
    let server = ["server", "--dev", "--data", &data];
    let (tcp, _) = listener();
    let errors = refused("a", new("a").with("rpc", tcp), &server);
    assert!(
        errors.contains("rpc") && errors.contains("unix"),
        "{errors}"
    );
    let unix = unix(install.folder(), "a.sock");
    let errors = refused("b", new("b").with("http", unix), &["gateway", "--dev"]);
    assert!(
        errors.contains("http") && errors.contains("tcp"),
        "{errors}"
    );
    let (tcp, _) = listener();
    let errors = refused("c", new("c").with("https", tcp), &["gateway", "--dev"]);
    assert!(
        errors.contains("https") && errors.contains("FileDescriptorName"),
        "{errors}"
    );
    let (connected, address) = listener();
    let connected = (TcpStream::connect(address).expect("connects"), connected).0;
    let errors = refused("d", new("d").with("http", connected), &["gateway", "--dev"]);
    assert!(errors.contains("does not listen"), "{errors}");
}
