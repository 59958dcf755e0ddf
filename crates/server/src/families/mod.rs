//! The families of methods: each file or folder holds a family's statements, rules, handlers and
//! what they emit.
//!
//! A revision is raised in SQL, in the statement of the change or right behind it; then the row is
//! loaded again, and what is loaded is answered and told.

mod canvas;
mod channel;
mod column;
mod events;
mod huddle;
mod message;
mod object;
mod page;
mod permission;
mod presence;
mod probe;
mod read;
mod removal;
mod server;
mod session;
mod state;
mod thread;
mod token;
mod typing;
mod user;
mod workspace;

use antiphon_api::RpcError;
use antiphon_store::Tx;

use crate::rpc::Router;

pub(crate) use huddle::{all_seats, lose};
pub(crate) use presence::{
    Status, claims, forget_ended as forget_ended_presence, status_ends, status_of,
};
pub(crate) use token::forget_ended as forget_ended_tokens;
pub(crate) use user::{peers, resolve};

/// The steps that make and change the tables of all families, oldest first.
pub(crate) const SCHEMA: &[&str] = &[
    include_str!("schema/01_spine.sql"),
    include_str!("schema/02_people.sql"),
    include_str!("schema/03_messages.sql"),
    include_str!("schema/04_huddles.sql"),
    include_str!("schema/05_canvases.sql"),
    include_str!("schema/06_tokens.sql"),
    include_str!("schema/07_removal.sql"),
    include_str!("schema/08_dms.sql"),
];

/// The most members of a workspace or channel, so that an envelope with all their ids fits a
/// message of the link.
const MAX_MEMBERS: usize = 100_000;

fn full(what: &str) -> RpcError {
    let message = format!("a {what} has at most {MAX_MEMBERS} members");
    RpcError::full(MAX_MEMBERS, message)
}

pub(crate) fn register(router: Router) -> Router {
    let families = [
        user::register,
        workspace::register,
        channel::register,
        message::register,
        thread::register,
        read::register,
        typing::register,
        presence::register,
        state::register,
        session::register,
        server::register,
        probe::register,
        huddle::register,
        events::register,
        token::register,
        canvas::register,
    ];
    families
        .into_iter()
        .fold(router, |router, register| register(router))
}

/// Removes a slice of what is deleted: messages, channels and workspaces, with what was in them. `false`:
/// nothing is left of them.
pub(crate) fn purge(tx: &Tx<'_>) -> Result<bool, rusqlite::Error> {
    Ok(message::purge(tx)? || channel::purge(tx)? || workspace::purge(tx)?)
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

/// The tables of all families with nothing in them, to ask SQLite how it reads them.
#[cfg(test)]
fn empty_database() -> rusqlite::Connection {
    let db = rusqlite::Connection::open_in_memory().expect("opens");
    let membership = "CREATE TABLE membership (kind, scope_id, to_pos, user_id, from_pos, role)";
    db.execute_batch(membership).expect("is SQL");
    for step in SCHEMA {
        db.execute_batch(step).expect("is SQL");
    }
    db
}
