//! Who may use the server's sockets. Other users and groups can only be had as root; elsewhere these
//! tests look at errors alone.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use antiphon_test_support::{Install, Process, binary};

const GROUP: u32 = 54_321;
const STRANGER: u32 = 54_322;

fn server(install: &Install, group: &str) -> Process {
    let data = install.data();
    let group = format!("server.socket_group={group}");
    let data = data.to_str().expect("is text");
    let args = ["server", "--dev", "--data", data, "--set", &group];
    Process::start(install.folder(), &args)
}

/// Whether a process of this user and group gets an answer over rpc.sock.
fn is_answered(program: &Path, socket: &Path, uid: u32, gid: u32) -> bool {
    let mut command = Command::new(program);
    command
        .args(["call", "server.health", "--socket"])
        .arg(socket);
    let output = command.uid(uid).gid(gid).current_dir("/").output();
    output.expect("it runs").status.success()
}

fn am_root(install: &Install) -> bool {
    fs::metadata(install.folder()).expect("is there").uid() == 0
}

#[test]
fn the_configured_group_uses_the_sockets_and_nobody_else_does() {
    let install = Install::new();
    if !am_root(&install) {
        return;
    }
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755));
    open(install.folder()).expect("is ours");
    let program = install.folder().join("program");
    if fs::hard_link(binary(), &program).is_err() {
        fs::copy(binary(), &program).expect("can be copied");
    }
    let of = |path: &Path| {
        let metadata = fs::metadata(path).expect("is there");
        (metadata.gid(), metadata.mode() & 0o777)
    };
    let socket = install.run_dir().join("rpc.sock");

    let mut own = server(&install, "0");
    own.says("ready");
    assert!(!is_answered(&program, &socket, STRANGER, GROUP));
    own.signal("TERM");
    own.wait();

    let mut given = server(&install, &GROUP.to_string());
    given.says("ready");
    for name in ["rpc.sock", "events.sock"] {
        assert_eq!(of(&install.run_dir().join(name)), (GROUP, 0o660));
    }
    assert_eq!(of(&install.run_dir()), (GROUP, 0o750));
    assert_eq!(of(&install.data()), (GROUP, 0o710), "to pass through");
    assert!(is_answered(&program, &socket, STRANGER, GROUP));
    assert!(is_answered(&program, &socket, 0, 0));
    assert!(!is_answered(&program, &socket, STRANGER, STRANGER));
    // The server looks for itself, whatever the file says.
    for path in [&install.data(), &install.run_dir()] {
        open(path).expect("is ours");
    }
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).expect("is ours");
    assert!(!is_answered(&program, &socket, STRANGER, STRANGER));
    assert!(given.errors().contains("refused a peer"));
}

#[test]
fn a_group_that_cannot_be_had_is_an_error_of_the_configuration() {
    let install = Install::new();
    let check = ["config", "check", "--set", "tokens.dev=true", "--set"];
    let unknown = "server.socket_group=no-such-group";
    let (code, _, errors) = Process::run(install.folder(), &[&check[..], &[unknown]].concat());
    assert_eq!(
        (code, errors.contains("no-such-group")),
        (78, true),
        "{errors}"
    );
    let mut unknown = server(&install, "no-such-group");
    assert_eq!(unknown.wait().code(), Some(78), "{}", unknown.errors());

    if !am_root(&install) {
        let mut foreign = server(&install, "0");
        assert_eq!(foreign.wait().code(), Some(78), "{}", foreign.errors());
        assert!(foreign.errors().contains("must be in that group"));
    }
}
