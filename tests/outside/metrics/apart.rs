//! A gateway that is late, stands still or has lost its server.

use std::time::Duration;

use antiphon_test_support::{Install, Process, Scrape, Tab, eventually, free_address, now};

/// Server and gateway in processes of their own.
struct Apart {
    install: Install,
    server_process: Process,
    gateway_process: Process,
    address: String,
    gateway: String,
    server: String,
}

impl Apart {
    fn start() -> Self {
        let install = Install::new();
        let (gateway, server) = (free_address(), free_address());
        let set = format!("server.metrics_listen={server}");
        let data = install.data();
        let data = data.to_str().expect("the path is text");
        let args = ["server", "--dev", "--data", data, "--set", &set];
        let mut server_process = Process::start(install.folder(), &args);
        server_process.says("ready");
        let set = format!("gateway.metrics_listen={gateway}");
        let run = install.run_dir();
        let run = run.to_str().expect("the path is text");
        let args = [
            "gateway",
            "--dev",
            "--server",
            run,
            "--listen",
            "127.0.0.1:0",
            "--set",
            &set,
        ];
        let mut gateway_process = Process::start(install.folder(), &args);
        let line = gateway_process.says("http://");
        let address = line.split("http://").nth(1).expect("an address");
        let apart = Self {
            address: address.trim_end_matches('/').to_owned(),
            install,
            server_process,
            gateway_process,
            gateway,
            server,
        };
        let up = || Scrape::of(&apart.gateway).value("antiphon_gateway_link_up", &[]);
        eventually("a link", || (up() == 1.0).then_some(()));
        apart
    }

    fn tab(&self, user: i64) -> Tab {
        let bearer = format!("Bearer dev:{user}");
        let tab = Tab::connect(&self.address, "/ws/user/me", &[("Authorization", &bearer)]);
        let mut tab = tab.expect("is let in");
        tab.until("live");
        tab
    }

    /// What the server tells of its gateways' lag.
    fn lags(&self, unit: &str) -> Vec<f64> {
        let told = Scrape::of(&self.server);
        let series = told.series(&format!("antiphon_server_gateway_lag_{unit}"));
        series.iter().map(|(_, value)| *value).collect()
    }
}

#[test]
fn a_gateway_that_stands_still_lags_and_is_told_of_no_more_when_it_has_gone() {
    let mut apart = Apart::start();
    assert_eq!(
        (apart.lags("positions"), apart.lags("seconds")),
        (vec![0.0], vec![0.0])
    );
    apart.gateway_process.signal("STOP");
    let body = "x".repeat(15_000);
    eventually("the socket to be full", || {
        let sent: Vec<i64> = (0..50).map(|_| apart.install.send(1, 1, &body)).collect();
        let told = (apart.lags("positions")[0], apart.lags("seconds")[0]);
        (told.0 >= sent.len() as f64 && told.1 > 0.0).then_some(())
    });
    apart.gateway_process.signal("CONT");
    eventually("it to catch up", || {
        let told = (apart.lags("positions"), apart.lags("seconds"));
        (told == (vec![0.0], vec![0.0])).then_some(())
    });
    apart.gateway_process.kill();
    eventually("it to be gone", || {
        apart.lags("positions").is_empty().then_some(())
    });
    let links = Scrape::of(&apart.server).value("antiphon_server_links", &[]);
    assert_eq!(links, 0.0);
}

#[test]
fn a_lost_link_is_told() {
    let mut apart = Apart::start();
    apart.server_process.kill();
    eventually("the loss", || {
        let told = Scrape::of(&apart.gateway);
        let up = told.value("antiphon_gateway_link_up", &[]);
        let losses = told.value("antiphon_gateway_link_losses_total", &[]);
        ((up, losses) == (0.0, 1.0)).then_some(())
    });
    let told = Scrape::of(&apart.gateway);
    assert!(told.value("process_open_fds", &[]) > 5.0);
    assert!(told.value("process_resident_memory_bytes", &[]) > 1e6);
}

#[test]
fn what_a_gateway_delivers_late_is_measured_from_the_commit() {
    let apart = Apart::start();
    let mut tab = apart.tab(2);
    apart.gateway_process.signal("STOP");
    apart.install.send(1, 1, "late");
    let sent = now();
    let pause = Duration::from_millis(300);
    eventually("a while", || (sent.elapsed() > pause).then_some(()));
    apart.gateway_process.signal("CONT");
    tab.until("message.created");
    let sum =
        || Scrape::of(&apart.gateway).value("antiphon_gateway_commit_to_write_seconds_sum", &[]);
    let sum = eventually("a delay", || Some(sum()).filter(|sum| *sum > 0.0));
    assert!(sum >= pause.as_secs_f64() && sum < 20.0, "{sum}");
}
