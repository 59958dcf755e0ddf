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
    report.hops([
        Hop {
            hop: "opened",
            after: Some(tried.opened),
            meaning: "from asking for a ticket until the tab was live",
        },
        Hop {
            hop: "answered",
            after: hops.answered.ok(),
            meaning: "from sending it until the server's answer, the commit in between",
        },
        Hop {
            hop: "linked",
            after: hops.linked.ok(),
            meaning: "from sending it until it came over events.sock",
        },
        Hop {
            hop: "delivered",
            after: hops.delivered.ok(),
            meaning: "from sending it until it was read from the gateway's WebSocket",
        },
    ]);
}
