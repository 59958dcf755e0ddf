use antiphon_config::Config;

use super::report::Report;
use crate::{
    args::Doctor,
    commands::configured::{loaded, wrong},
};

const CHECK: &str = "configuration";

/// The configuration, if it can be read; nothing else can be looked at otherwise.
pub(super) fn check(args: &Doctor, report: &mut Report) -> Option<Config> {
    let flags = args.authority.flags().chain(args.trust.flags());
    let config = match loaded(&args.configuration, flags) {
        Ok(loaded) => loaded.config,
        Err(error) => {
            let remedy = "put it right; the rest is looked at once it can be read";
            report.fail(CHECK, format!("{error:#}"), remedy);
            return None;
        }
    };
    let wrong = wrong(&config);
    for error in &wrong {
        let remedy = "put it right; no daemon starts with it";
        report.fail(CHECK, format!("{error:#}"), remedy);
    }
    if wrong.is_empty() {
        let source = args.configuration.config.as_ref().map_or_else(
            || "without a file".to_owned(),
            |path| path.display().to_string(),
        );
        report.ok(CHECK, format!("right: {source}"));
    }
    trust(&config, report);
    Some(config)
}

fn trust(config: &Config, report: &mut Report) {
    if config.tokens.dev {
        let found = "development: anybody is let in as anybody";
        report.warn(
            "tokens",
            found,
            "for real use give a signing key, and no --dev",
        );
    }
    let origins = &config.gateway.allowed_origins;
    let found = if origins.is_empty() {
        "pages of the gateway's own alone".to_owned()
    } else {
        format!("the gateway's own and {}", origins.join(", "))
    };
    report.ok("origins", found);
}
