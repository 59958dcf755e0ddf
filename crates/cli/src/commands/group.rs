//! The group of the server's sockets.

use antiphon_server::StartError;
use anyhow::{Context, anyhow};
use nix::unistd::Group;

use crate::exit::Misconfigured;

/// The number of a group that is given by name or by number.
pub(super) fn number_of(group: &str) -> anyhow::Result<u32> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let found = Group::from_name(group)
        .with_context(|| format!("server.socket_group: cannot look for the group {group:?}"))
        .map_err(Misconfigured)?;
    let found = found.ok_or_else(|| {
        Misconfigured(anyhow!(
            "server.socket_group: there is no group {group:?}; make it with groupadd, or give one \
             that getent group shows"
        ))
    })?;
    Ok(found.gid.as_raw())
}

/// Whether starting again can help depends on what went wrong.
pub(super) fn not_started(error: StartError) -> anyhow::Error {
    if error.is_of_the_group() {
        Misconfigured(anyhow::Error::new(error).context("server.socket_group")).into()
    } else {
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::number_of;

    #[test]
    fn a_group_is_given_by_name_or_by_number() {
        assert_eq!(number_of("4711").expect("is a number"), 4711);
        assert_eq!(number_of("0").expect("is a number"), 0);
        let error = number_of("no-such-group").expect_err("is none");
        assert!(error.to_string().contains("\"no-such-group\""), "{error}");
    }
}
