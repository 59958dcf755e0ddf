//! Whether an installation is well. Each check says what it found and, where that is not right, what to
//! do. Where a part is down the others are looked at all the same.

mod configuration;
mod daemons;
mod files;
mod http;
mod limits;
mod report;
mod trial;

use std::path::PathBuf;

use antiphon_config::Config;
use antiphon_server::{RPC_SOCKET, run_dir};

use self::report::Report;
use crate::{args::Doctor, exit::Exit, view::Reader};

/// Where the parts of an installation are.
struct Places {
    config: Config,
    /// The folder with the server's sockets.
    run: PathBuf,
    /// `http://host:port`.
    gateway: String,
}

/// Looks at everything; fails if anything is wrong.
#[expect(
    clippy::print_stdout,
    reason = "the findings are what the command is asked for"
)]
pub(super) async fn run(args: Doctor) -> anyhow::Result<Exit> {
    let mut report = Report::default();
    if let Some(config) = configuration::check(&args, &mut report) {
        let places = Places::of(config, args.gateway);
        look(&places, args.deep, &mut report).await;
    }
    print!("{}", report.shown(Reader::of_stdout(args.show.json))?);
    Ok(if report.is_well() {
        Exit::Success
    } else {
        Exit::Failure
    })
}

async fn look(places: &Places, deep: bool, report: &mut Report) {
    let data = &places.config.server.data;
    if data.exists() {
        files::check(data, deep, report);
    } else {
        files::absent(data, report);
    }
    files::keys(&places.config, report);
    daemons::server(places, report).await;
    if daemons::gateway(places, report).await {
        limits::files(places, report).await;
    }
    limits::clock(data, report);
    trial::run(places, report).await;
}

impl Places {
    fn of(config: Config, gateway: Option<String>) -> Self {
        let of_data = run_dir(&config.server.data);
        // A server may have been given sockets that are elsewhere; a gateway may be alone.
        let run = if of_data.join(RPC_SOCKET).exists() {
            of_data
        } else {
            config.gateway.server.clone()
        };
        let gateway = gateway.map_or_else(
            || {
                format!(
                    "http://{}",
                    antiphon_gateway::reachable(config.gateway.listen)
                )
            },
            |url| url.trim_end_matches('/').to_owned(),
        );
        Self {
            config,
            run,
            gateway,
        }
    }
}
