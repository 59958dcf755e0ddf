//! An event from a commit to a socket.

use antiphon_gateway::probe::{self, Tried};

use super::{
    Places,
    daemons::PATIENCE,
    files::causes,
    report::{Hop, Report},
};

const CHECK: &str = "probe";

pub(super) async fn run(places: &Places, report: &mut Report) {
    match probe::once(&places.run, &places.gateway, PATIENCE).await {
        Ok(tried) => tell(tried, report),
        Err(error) => report.fail(
            CHECK,
            format!("no event was sent: {}", causes(&error)),
            "server and gateway have to be up and linked: see above",
        ),
    }
}

fn tell(tried: Tried, report: &mut Report) {
    let hops = tried.hops;
    let missing = [
        (&hops.answered, "the server commits nothing: read its log"),
        (
            &hops.linked,
            "events.sock gives nothing out: read the server's log, and restart it",
        ),
        (
            &hops.delivered,
            "the gateway does not pass it on: is it linked to this server?",
        ),
    ];
    let missing = missing.map(|(hop, remedy)| Some((hop.as_ref().err()?, remedy)));
    for (error, remedy) in missing.iter().flatten() {
        report.fail(CHECK, causes(*error), *remedy);
    }
    if missing.iter().all(Option::is_none) {
        report.ok(CHECK, "an event came from its commit to a socket");
    }
    let opened = ("opened", Some(tried.opened));
    let hops = [opened].into_iter().chain(hops.named(Result::ok));
    report.hops(hops.map(|(hop, after)| Hop {
        hop,
        after,
        meaning: meaning(hop),
    }));
}

fn meaning(hop: &str) -> &'static str {
    match hop {
        "opened" => "from asking for a ticket until the tab was live",
        "committed" => "from sending it until its COMMIT was over, by the server's word",
        "answered" => "from sending it until the server's answer",
        "linked" => "from sending it until it came over events.sock",
        _ => "from sending it until it was read from the gateway's WebSocket",
    }
}
