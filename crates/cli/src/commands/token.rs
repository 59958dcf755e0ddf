use std::time::{SystemTime, UNIX_EPOCH};

use antiphon_api::ids::UnixMs;
use antiphon_token::{Grant, Subject};
use anyhow::{Context, bail};

use super::configured::{loaded, signing_key, trusted};
use crate::{
    args::{Issue, Kind},
    exit::Exit,
};

/// Prints a signed token.
#[expect(
    clippy::print_stdout,
    reason = "the token is what the command is asked for"
)]
pub(super) fn issue(args: Issue) -> anyhow::Result<Exit> {
    let key = signing_key(args.signing_key.as_deref());
    let tokens = loaded(&args.configuration, key)?.config.tokens;
    let signer = trusted(&tokens)?.signer;
    let subject = match (args.whom.user, args.whom.ext) {
        (Some(id), None) => Subject::User(id),
        (None, Some(ext)) => Subject::External(ext),
        _ => bail!("give either --user or --ext"),
    };
    let now = now()?;
    let ttl = i64::try_from(args.ttl.get().as_millis()).context("--ttl is too long")?;
    let token = signer.issue(Grant {
        subject,
        kind: match args.kind {
            Kind::User => antiphon_token::Kind::User,
            Kind::Widget => antiphon_token::Kind::Widget,
            Kind::Overlay => antiphon_token::Kind::Overlay,
        },
        scope: args.scope,
        issued_at: now,
        expires_at: now.plus_ms(ttl),
        jti: format!("{:016x}", getrandom::u64()?),
    })?;
    println!("{token}");
    Ok(Exit::Success)
}

#[expect(clippy::disallowed_methods, reason = "a token says when it was issued")]
pub(super) fn now() -> anyhow::Result<UnixMs> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is before 1970")?;
    Ok(UnixMs(i64::try_from(since.as_millis())?))
}
