use antiphon_api::{
    RpcError,
    ids::{UnixMs, UserId},
    method::Done,
    methods::presence::{
        List, ListParams, ListResult, MAX_EMOJI_CHARS, MAX_LIST_USERS, MAX_STATUS_CHARS,
        SetStatusText, SetStatusTextParams,
    },
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{at_most, user};
use crate::{
    context::{Failure, Look, Work},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router
        .query::<List>(list)
        .mutation::<SetStatusText>(set_status_text)
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    let mut users = user::peers(look, caller)?;
    if let Some(mut asked) = params.user_ids {
        if asked.len() > MAX_LIST_USERS {
            let message = format!("expected at most {MAX_LIST_USERS} ids");
            return Err(RpcError::invalid_param("user_ids", message).into());
        }
        asked.sort_unstable();
        users.retain(|user| asked.binary_search(user).is_ok());
    } else if users.len() > MAX_LIST_USERS {
        look.shared.presence.offline_last(&mut users);
        users.truncate(MAX_LIST_USERS);
        users.sort_unstable();
    }
    let presence = users
        .into_iter()
        .map(|user| look.shared.presence.of(look, user, look.now, look.presence))
        .collect::<Result<_, _>>()?;
    Ok(ListResult { presence })
}

fn set_status_text(work: &mut Work<'_, '_>, params: SetStatusTextParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let text = at_most("text", params.text, MAX_STATUS_CHARS)?;
    let emoji = params
        .emoji
        .map(|emoji| at_most("emoji", emoji, MAX_EMOJI_CHARS))
        .transpose()?;
    if params.expires_at.is_some_and(|end| end <= work.now) {
        return Err(RpcError::invalid_param("expires_at", "expected a time to come").into());
    }
    clear(work, caller)?;
    if !text.is_empty() || emoji.is_some() {
        work.prepare_cached(
            "INSERT INTO status (user_id, text, emoji, expires_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            caller.get(),
            text,
            emoji,
            params.expires_at.map(UnixMs::get)
        ])?;
    }
    work.effects.statuses.push(caller);
    Ok(Done {})
}

fn clear(db: &Connection, user: UserId) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM status WHERE user_id = ?1")?
        .execute([user.get()])?;
    Ok(())
}

/// A user's status text and emoji.
pub(crate) fn status_of(
    db: &Connection,
    user: UserId,
    now: UnixMs,
) -> Result<(String, Option<String>), rusqlite::Error> {
    let status = db
        .prepare_cached(
            "SELECT text, emoji FROM status
             WHERE user_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .query_row([user.get(), now.get()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(status.unwrap_or_default())
}

pub(crate) fn has_expired_status(db: &Connection, now: UnixMs) -> Result<bool, rusqlite::Error> {
    db.prepare_cached("SELECT 1 FROM status WHERE expires_at <= ?1")?
        .exists([now.get()])
}

/// Clears the statuses that have ended. Returns whose they were.
pub(crate) fn expire_statuses(
    db: &Connection,
    now: UnixMs,
) -> Result<Vec<UserId>, rusqlite::Error> {
    db.prepare_cached("DELETE FROM status WHERE expires_at <= ?1 RETURNING user_id")?
        .query_map([now.get()], |row| row.get(0).map(UserId))?
        .collect()
}
