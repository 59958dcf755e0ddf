//! The configuration: a file, what is wrong with it, and what comes of it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use antiphon_test_support::{Install, Process, binary};

use crate::cli::run;

/// The line of `config show` about a key.
fn shown(install: &Install, flags: &[&str], key: &str) -> String {
    let (code, output, errors) = run(install, &[&["config", "show"], flags].concat());
    assert_eq!(code, 0, "{errors}");
    let mut lines = output.lines();
    let line = lines.find(|line| line.starts_with(&format!("{key} =")));
    line.expect("the key is shown").to_owned()
}

#[test]
fn a_new_file_is_right_as_it_is_and_is_never_written_over() {
    let install = Install::new();
    let (code, output, _) = run(&install, &["config", "init"]);
    assert_eq!(
        (code, output.contains("antiphon.toml")),
        (0, true),
        "{output}"
    );
    let file = install.folder().join("antiphon.toml");
    let text = fs::read_to_string(&file).expect("is written");
    assert!(
        text.contains("[gateway.rings]") && text.contains("#events = 500"),
        "{text}"
    );
    fs::write(&file, "[tokens]\ndev = true\n").expect("writes");
    let (code, output, errors) = run(&install, &["config", "check", "--config", "antiphon.toml"]);
    assert_eq!(code, 0, "{output}{errors}");
    let (code, _, errors) = run(&install, &["config", "init"]);
    assert_eq!((code, errors.contains("exists")), (1, true), "{errors}");
    assert_eq!(
        fs::read_to_string(&file).expect("reads"),
        "[tokens]\ndev = true\n"
    );
    let (code, output, _) = run(&install, &["config", "init", "-"]);
    assert_eq!((code, output), (0, text));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line_by_check_and_by_the_daemons() {
    let install = Install::new();
    let text = "[tokens]\ndev = true\n[gateway]\nlisten = \"nowhere\"\nlingr = \"3s\"\n";
    fs::write(install.folder().join("bad.toml"), text).expect("writes");
    for command in [
        &["config", "check"][..],
        &["serve"],
        &["server"],
        &["gateway"],
    ] {
        let args = [command, &["--config", "bad.toml"]].concat();
        let (code, _, errors) = run(&install, &args);
        assert_eq!(code, 78, "{args:?}: {errors}");
        for words in [
            "bad.toml:4: gateway.listen: invalid socket address",
            "bad.toml:5: there is no key gateway.lingr; did you mean gateway.linger?",
        ] {
            assert!(errors.contains(words), "{args:?}: {errors}");
        }
    }
    let (code, _, errors) = run(&install, &["serve", "--dev", "--set", "gateway.lingr=3s"]);
    assert_eq!(
        (code, errors.contains("did you mean gateway.linger?")),
        (64, true),
        "{errors}"
    );
}

#[test]
fn the_group_reaches_the_sockets_and_not_the_database_whatever_the_umask() {
    let install = Install::new();
    let data = install.data();
    let start = "umask 077; exec \"$0\" server --dev --data \"$1\"";
    let (binary, folder) = (binary(), data.to_str().expect("is text"));
    let args = ["-c", start, binary.to_str().expect("is text"), folder];
    let mut server = Process::start_other(install.folder(), Path::new("sh"), &args, "");
    server.says("ready");
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    let run = install.run_dir();
    assert_eq!([mode(&data), mode(&run)], [0o750; 2]);
    assert_eq!(mode(&run.join("rpc.sock")), 0o660);
    assert_eq!(mode(&install.database()), 0o600);
}

#[test]
fn check_finds_what_only_a_start_would_find_otherwise() {
    let install = Install::new();
    let check = |keys: &[&str]| {
        let set = keys.iter().flat_map(|key| ["--set", key]);
        let args: Vec<&str> = ["config", "check"].into_iter().chain(set).collect();
        let (code, _, errors) = run(&install, &args);
        assert_eq!(code, 78, "{args:?}: {errors}");
        errors
    };
    assert!(check(&[]).contains("no signing key"));
    let both = check(&[
        "tokens.dev=true",
        "gateway.allowed_origins=*",
        "server.livekit.key=k",
    ]);
    assert!(
        both.contains("origin") && both.contains("LiveKit"),
        "{both}"
    );
    let proxies = check(&["tokens.dev=true", "gateway.trusted_proxies=10.0.0"]);
    assert!(proxies.contains("10.0.0.0/8"), "{proxies}");
    let level = check(&["tokens.dev=true", "log.level=loud=very"]);
    assert!(level.contains("log.level"), "{level}");
}

#[test]
fn each_value_is_shown_with_where_it_comes_from_and_the_later_source_wins() {
    let install = Install::new();
    let text = "[gateway]\nlinger = \"3s\"\n[gateway.rings]\nevents = 7\n";
    fs::write(install.folder().join("a.toml"), text).expect("writes");
    let file = ["--config", "a.toml"];
    let flags = [&file[..], &["--set", "gateway.linger=4s"]].concat();
    assert_eq!(
        shown(&install, &file, "gateway.rings.events"),
        "gateway.rings.events = 7  # a.toml:4"
    );
    assert_eq!(
        shown(&install, &flags, "gateway.linger"),
        "gateway.linger = \"4s\"  # --set"
    );
    assert_eq!(
        shown(&install, &[], "gateway.linger"),
        "gateway.linger = \"2m\"  # default"
    );
    let read = shown(&install, &[], "server.rates.read.burst");
    assert!(
        read.ends_with("# ANTIPHON_SERVER_RATES_READ_BURST"),
        "{read}"
    );
    let (_, output, _) = run(&install, &["config", "show"]);
    fs::write(install.folder().join("b.toml"), &output).expect("writes");
    let (code, again, errors) = run(&install, &["config", "show", "--config", "b.toml"]);
    assert_eq!(code, 0, "{errors}");
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.split("  # ").next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(values(&again), values(&output));
}
