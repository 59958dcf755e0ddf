use std::{io::Write, path::Path, time::Duration};

use super::{Config, Loaded, Place, Problem, commented_file, keys, load, markdown};

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("is written");
    file
}

fn of_file(text: &str) -> Result<Loaded, Vec<Problem>> {
    load(Some(file(text).path()), [], [])
}

/// The problems of a file, each as its line and what is said of it.
fn problems(text: &str) -> Vec<(usize, String)> {
    let problems = of_file(text).expect_err("there are problems");
    let line = |problem: Problem| {
        let Place::File { line, .. } = problem.place else {
            panic!("{problem} is not of the file");
        };
        (line, problem.message)
    };
    problems.into_iter().map(line).collect()
}

fn variable(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

fn flag(name: &str, path: &str, text: &str) -> (String, String, String) {
    (name.to_owned(), path.to_owned(), text.to_owned())
}

fn place_of(loaded: &Loaded, path: &str) -> Place {
    let setting = loaded
        .settings
        .iter()
        .find(|setting| setting.key.path == path);
    setting.expect("is a key").place.clone()
}

#[test]
fn nothing_given_is_the_default() {
    let loaded = load(None, [], []).expect("loads");
    assert_eq!(loaded.config, Config::default());
    assert!(
        loaded
            .settings
            .iter()
            .all(|setting| setting.place == Place::Default)
    );
    assert_eq!(loaded.settings.len(), keys().len());
}

#[test]
fn a_later_source_wins_and_is_named() {
    let file = file("[gateway.rings]\nevents = 1\nbytes = 5000\n\n[gateway]\nlinger = \"3s\"\n");
    let environment = [
        variable("ANTIPHON_GATEWAY_RINGS_BYTES", "6000"),
        variable("ANTIPHON_GATEWAY_LINGER", "4s"),
        variable("HOME", "/"),
        variable("ANTIPHON_TOKEN", "of a client"),
    ];
    let flags = [flag("--set", "gateway.linger", "5s")];
    let loaded = load(Some(file.path()), environment, flags).expect("loads");
    let rings = &loaded.config.gateway.rings;
    assert_eq!((rings.events.get(), rings.bytes.get()), (1, 6000));
    assert_eq!(loaded.config.gateway.linger.get(), Duration::from_secs(5));
    let path = file.path().display().to_string();
    assert_eq!(
        place_of(&loaded, "gateway.rings.events"),
        Place::File { path, line: 2 }
    );
    let variable = Place::Environment("ANTIPHON_GATEWAY_RINGS_BYTES".to_owned());
    assert_eq!(place_of(&loaded, "gateway.rings.bytes"), variable);
    assert_eq!(
        place_of(&loaded, "gateway.linger"),
        Place::Flag("--set".to_owned())
    );
    assert_eq!(place_of(&loaded, "gateway.listen"), Place::Default);
}

#[test]
fn text_becomes_what_the_key_is() {
    let environment = [
        variable("ANTIPHON_SERVER_PROVISION_UNKNOWN", "true"),
        variable(
            "ANTIPHON_GATEWAY_ALLOWED_ORIGINS",
            "https://a.example, https://b.example",
        ),
        variable("ANTIPHON_SERVER_RPC_LISTEN", "127.0.0.1:9"),
        variable("ANTIPHON_SERVER_LIVEKIT_KEY", "1"),
    ];
    let config = load(None, environment, []).expect("loads").config;
    assert!(config.server.provision_unknown);
    assert_eq!(
        config.gateway.allowed_origins,
        ["https://a.example", "https://b.example"]
    );
    assert_eq!(config.server.rpc_listen, "127.0.0.1:9".parse().ok());
    assert_eq!(config.server.livekit.key.as_deref(), Some("1"));
}

#[test]
fn every_problem_is_said_with_its_line() {
    let text = "\
[gateway]
listen = \"nowhere\"
lingr = \"3s\"
rings = 5

[gateway.rings]
";
    // TOML itself refuses a table twice, and then nothing else can be known.
    assert_eq!(problems(text).len(), 1);
    let text = "\
[gateway]
listen = \"nowhere\"
lingr = \"3s\"
linger = \"3 fortnights\"

[gateway.rings]
events = 0
bytes = \"many\"

[server]
retention = 7

[serve]
data = \"x\"
";
    let problems = problems(text);
    let said = |line: usize, words: &str| {
        let found = problems
            .iter()
            .any(|(at, message)| *at == line && message.contains(words));
        assert!(found, "{line}: {words}: {problems:#?}");
    };
    said(2, "gateway.listen: invalid socket address syntax");
    said(
        3,
        "there is no key gateway.lingr; did you mean gateway.linger?",
    );
    said(4, "expected a time from 1s to 1h, with a unit");
    said(
        7,
        "invalid value: integer `0`, expected a whole number from 1 to 100000",
    );
    said(
        8,
        "gateway.rings.bytes: invalid type: string \"many\", expected a whole number",
    );
    said(11, "there is no key server.retention");
    said(13, "there is no key serve");
    assert_eq!(problems.len(), 7, "{problems:#?}");
}

#[test]
fn what_is_no_toml_is_said_with_its_line() {
    let problems = problems("[gateway]\n\nlisten = = 3\n");
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].0, 3, "{problems:?}");
}

#[test]
fn a_file_that_is_not_there_is_a_problem() {
    let problems = load(Some(Path::new("/nowhere/antiphon.toml")), [], []).expect_err("no file");
    assert!(
        problems[0]
            .to_string()
            .starts_with("/nowhere/antiphon.toml:1: cannot be read")
    );
}

#[test]
fn a_variable_that_means_no_key_is_a_problem_and_one_of_the_clients_is_not() {
    let mistaken = [variable("ANTIPHON_GATEWAY_LISTN", "127.0.0.1:1")];
    let problems = load(None, mistaken, []).expect_err("no such key");
    let said = "ANTIPHON_GATEWAY_LISTN: there is no such variable; did you mean \
                ANTIPHON_GATEWAY_LISTEN?";
    assert_eq!(problems[0].to_string(), said);
    let of_clients = ["ANTIPHON_GATEWAY", "ANTIPHON_TOKEN", "ANTIPHON_SEED"];
    let of_clients = of_clients.map(|name| variable(name, "x"));
    assert!(load(None, of_clients, []).is_ok());
}

#[test]
fn a_bad_flag_is_named() {
    let flags = [flag("--listen", "gateway.listen", "here")];
    let problems = load(None, [], flags).expect_err("no address");
    assert!(
        problems[0]
            .to_string()
            .starts_with("--listen: gateway.listen: ")
    );
}

#[test]
fn the_file_with_every_key_is_the_default_as_it_is_and_uncommented() {
    let text = commented_file();
    assert_eq!(of_file(&text).expect("loads").config, Config::default());
    let commented = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
    let keys_in_file = text.lines().filter(commented).count();
    assert_eq!(keys_in_file, keys().len());
    let lines = text.lines().filter(|line| !line.ends_with("= …"));
    let uncommented: String = lines
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert_eq!(
        of_file(&uncommented).expect("loads").config,
        Config::default()
    );
}

#[test]
fn every_key_says_what_it_means_and_what_it_takes() {
    let page = markdown();
    for key in keys() {
        assert!(
            key.meaning.ends_with('.'),
            "{}: {:?}",
            key.path,
            key.meaning
        );
        assert!(!key.expected.is_empty(), "{}", key.path);
        assert!(page.contains(&key.meaning), "{}", key.path);
    }
}

#[test]
fn a_time_has_a_unit_and_bounds() {
    type UpToADay = super::Time<1_000, 86_400_000>;
    let parse = |text: &str| text.parse::<UpToADay>().map(|time| time.get().as_secs());
    assert_eq!(parse("90s"), Ok(90));
    assert_eq!(parse("1h 30m"), Ok(5_400));
    assert_eq!(parse("1d"), Ok(86_400));
    for bad in [
        "",
        "5",
        "s",
        "-1s",
        "2d",
        "10ms",
        "99999999999999999999d",
        "5µ",
    ] {
        let error = parse(bad).expect_err(bad);
        assert!(
            error.starts_with("expected a time from 1s to 1d,"),
            "{bad:?}: {error}"
        );
    }
}
