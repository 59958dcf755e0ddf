//! The families of methods: each file holds a family's statements, rules, handlers and what they
//! emit.

mod canvas;
mod channel;
mod events;
mod merge;
mod message;
mod permission;
mod presence;
mod read;
mod replay;
mod server;
mod session;
mod state;
mod token;
mod typing;
mod user;
mod workspace;

use antiphon_api::{
    RpcError,
    methods::message::{DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT},
};

use crate::rpc::Router;

pub(crate) use presence::{expire_statuses, has_expired_status, status_of};
pub(crate) use token::forget_ended as forget_ended_tokens;
pub(crate) use user::peers;

/// The steps that make and change the tables of all families, oldest first.
pub(crate) const SCHEMA: &[&str] = &[
    include_str!("schema/01_spine.sql"),
    include_str!("schema/02_external_id.sql"),
    include_str!("schema/05_canvases.sql"),
    include_str!("schema/06_tokens.sql"),
];

/// The most members of a workspace or channel, so that an envelope with all their ids fits a
/// message of the link.
const MAX_MEMBERS: usize = 100_000;

pub(crate) fn register(router: Router) -> Router {
    let families = [
        user::register,
        workspace::register,
        channel::register,
        message::register,
        read::register,
        typing::register,
        presence::register,
        state::register,
        session::register,
        server::register,
        replay::register,
        events::register,
        token::register,
        canvas::register,
    ];
    families
        .into_iter()
        .fold(router, |router, register| register(router))
}

/// `text` without surrounding white space, if it has 1 to `max` characters and no control ones.
fn name_of(path: &str, text: &str, max: usize) -> Result<String, RpcError> {
    let text = text.trim();
    let fits = (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        let message = format!("expected 1 to {max} characters, none of them control characters");
        Err(RpcError::invalid_param(path, message))
    }
}

/// `text`, if it has at most `max` characters.
fn at_most(path: &str, text: String, max: usize) -> Result<String, RpcError> {
    if text.chars().count() <= max {
        Ok(text)
    } else {
        Err(RpcError::invalid_param(
            path,
            format!("expected at most {max} characters"),
        ))
    }
}

/// How many entries a page holds: `limit`, if it is in bounds.
fn page_limit(limit: Option<u32>) -> Result<usize, RpcError> {
    let limit = limit.unwrap_or(DEFAULT_LIST_LIMIT);
    if (1..=MAX_LIST_LIMIT).contains(&limit) {
        Ok(limit as usize)
    } else {
        let message = format!("expected 1 to {MAX_LIST_LIMIT}");
        Err(RpcError::invalid_param("limit", message))
    }
}

/// A page of `limit` entries out of one more than that, and whether there are more.
fn split_page<T>(mut entries: Vec<T>, limit: usize) -> (Vec<T>, bool) {
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    (entries, has_more)
}
