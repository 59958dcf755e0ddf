//! What a daemon tells the supervisor that started it, and when it stops telling it.

use std::{thread, time::Duration};

use antiphon_test_support::{Install, Supervisor};
use rusqlite::Connection;
use serde_json::json;

/// How often a test's daemon has to say that it goes on.
const WATCHDOG: Duration = Duration::from_millis(400);
/// Many times that, and less than the writer waits for another's lock before it gives up.
const LONG: Duration = Duration::from_secs(2);

const GOES_ON: &str = "WATCHDOG=1";

/// Drops what was said before, and says whether nothing is said from now on.
fn falls_silent(supervisor: &Supervisor) -> bool {
    (0..10).any(|_| !supervisor.hears_within(LONG, GOES_ON))
}

fn server_args(install: &Install) -> [String; 4] {
    let data = install.data().display().to_string();
    ["server", "--dev", "--data", &data].map(ToOwned::to_owned)
}

#[test]
fn a_server_says_that_it_is_ready_that_it_goes_on_and_that_it_stops() {
    let install = Install::new();
    let supervisor = Supervisor::new(install.folder(), "unit").watching(WATCHDOG);
    let args = server_args(&install);
    let mut server = supervisor.start(&args.each_ref().map(|arg| &**arg));
    assert!(install.head() > 0, "ready is when calls are answered");
    supervisor.hears(GOES_ON, &server);
    supervisor.hears(GOES_ON, &server);
    server.signal("TERM");
    supervisor.hears("STOPPING=1", &server);
    assert!(server.wait().success(), "{}", server.errors());
}

#[test]
fn a_server_whose_writer_is_held_up_stops_saying_that_it_goes_on() {
    let install = Install::new();
    let supervisor = Supervisor::new(install.folder(), "unit").watching(WATCHDOG);
    let args = server_args(&install);
    let server = supervisor.start(&args.each_ref().map(|arg| &**arg));
    let database = Connection::open(install.database()).expect("opens");
    // Another program's transaction, for which the writer waits as long as it waits for any.
    database
        .execute_batch("BEGIN IMMEDIATE")
        .expect("is free for the moment");
    let user = install.user(1);
    let call = thread::spawn(move || {
        user.call("message.send", json!({ "channel_id": 1, "body": "held" }))
    });
    assert!(falls_silent(&supervisor), "{}", server.errors());
    let read = install.user(1).call("user.me", json!({}));
    assert!(read.is_ok(), "the process itself is well: {read:?}");
    database.execute_batch("ROLLBACK").expect("ends");
    assert!(
        call.join().expect("no panic").is_ok(),
        "it was only held up"
    );
    supervisor.hears(GOES_ON, &server);
}

#[test]
fn a_process_that_stands_still_stops_saying_that_it_goes_on() {
    let install = Install::new();
    let supervisor = Supervisor::new(install.folder(), "unit").watching(WATCHDOG);
    let args = server_args(&install);
    let server = supervisor.start(&args.each_ref().map(|arg| &**arg));
    supervisor.hears(GOES_ON, &server);
    server.signal("STOP");
    assert!(falls_silent(&supervisor));
    server.signal("CONT");
    supervisor.hears(GOES_ON, &server);
}

#[test]
fn a_gateway_says_that_it_goes_on_and_whether_it_has_its_server() {
    let mut install = Install::new();
    let supervisor = Supervisor::new(install.folder(), "unit").watching(WATCHDOG);
    let run = install.run_dir();
    let server = run.to_str().expect("the path is text");
    let args = [
        "gateway",
        "--dev",
        "--listen",
        "127.0.0.1:0",
        "--server",
        server,
    ];
    let gateway = supervisor.start(&args);
    supervisor.hears("STATUS=the server is away", &gateway);
    supervisor.hears(GOES_ON, &gateway);
    install.start_server();
    supervisor.hears("STATUS=linked to the server", &gateway);
    install.kill_server();
    supervisor.hears("STATUS=the server is away", &gateway);
}
