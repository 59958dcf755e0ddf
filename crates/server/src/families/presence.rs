use antiphon_api::{
    RpcError,
    entities::Presence,
    ids::{Principal, UnixMs, UserId},
    limits::MAX_EMOJI_CHARS,
    method::Done,
    methods::presence::{
        Claim, Connection as ConnectionState, List, ListParams, ListResult, MAX_GATEWAY_CHARS,
        MAX_LIST_USERS, MAX_STATUS_CHARS, MarkConnection, MarkConnectionParams, Set, SetParams,
        SetResult, SetStatusText, SetStatusTextParams, Update,
    },
};
use antiphon_wire::{LeaseChange, LeaseState};
use rusqlite::{Connection, OptionalExtension, params};

use super::column::{optional, parsed};
use super::{at_most, name_of, user};
use crate::{
    context::{Failure, Look, Work},
    presence::Claimed,
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router
        .query::<List>(list)
        .mutation::<SetStatusText>(set_status_text)
        .mutation::<Update>(set_status_text)
        .mutation::<Set>(set)
        .query::<MarkConnection>(mark_connection)
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    let users = match params.user_ids {
        Some(asked) => seen_of(look, caller, asked)?,
        None => most_present(look, caller)?,
    };
    Ok(ListResult {
        presence: of_users(look, caller, &users)?,
    })
}

/// Those of `asked` that the caller shares a workspace with, in id order.
fn seen_of(look: &Look<'_>, caller: UserId, asked: Vec<UserId>) -> Result<Vec<UserId>, Failure> {
    if asked.len() > MAX_LIST_USERS {
        let message = format!("expected at most {MAX_LIST_USERS} ids");
        return Err(RpcError::invalid_param("user_ids", message).into());
    }
    let mut seen = Vec::with_capacity(asked.len());
    for user in asked {
        if user == caller || user::shares_workspace(look, caller, user)? {
            seen.push(user);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    Ok(seen)
}

fn most_present(look: &Look<'_>, caller: UserId) -> Result<Vec<UserId>, Failure> {
    let mut users = user::peers(look, caller)?;
    if users.len() > MAX_LIST_USERS {
        look.shared.presence.offline_last(&mut users, look.now);
        users.truncate(MAX_LIST_USERS);
        users.sort_unstable();
    }
    Ok(users)
}

/// How the caller sees these users.
pub(super) fn of_users(
    look: &Look<'_>,
    caller: UserId,
    users: &[UserId],
) -> Result<Vec<Presence>, rusqlite::Error> {
    let presence = &look.shared.presence;
    users
        .iter()
        .map(|user| presence.of(look, *user, caller, look.now, look.presence))
        .collect()
}

fn set_status_text(work: &mut Work<'_, '_>, params: SetStatusTextParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let text = at_most("text", params.text, MAX_STATUS_CHARS)?;
    let emoji = params
        .emoji
        .map(|emoji| at_most("emoji", emoji, MAX_EMOJI_CHARS))
        .transpose()?;
    to_come("expires_at", params.expires_at, work.now)?;
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

fn set(work: &mut Work<'_, '_>, params: SetParams) -> Result<SetResult, Failure> {
    let SetParams { state, until } = params;
    let user = work.caller.user()?;
    if until.is_some() && state == Claim::Online {
        let message = "online has no end: the tabs decide";
        return Err(RpcError::invalid_param("until", message).into());
    }
    to_come("until", until, work.now)?;
    work.prepare_cached(
        "INSERT OR REPLACE INTO presence_claim (user_id, state, until) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![user.get(), state.as_str(), until.map(UnixMs::get)])?;
    work.effects.claims.push(Claimed {
        user,
        number: work.last_insert_rowid(),
        claim: state,
        until,
    });
    let presence = &work.shared.presence;
    Ok(SetResult {
        presence: presence.under(work, user, state, work.now)?,
    })
}

fn mark_connection(look: &mut Look<'_>, params: MarkConnectionParams) -> Result<Done, Failure> {
    let gateway = name_of("gateway", &params.gateway, MAX_GATEWAY_CHARS)?;
    let user = params.user_id;
    user::existing(look, user)?;
    let change = LeaseChange {
        principal: Principal::User(user),
        tab: params.tab,
        state: match params.state {
            ConnectionState::Visible => LeaseState::Visible,
            ConnectionState::Hidden => LeaseState::Hidden,
            ConnectionState::Closed => LeaseState::Closed,
        },
    };
    if look.shared.presence.mark_connection(&gateway, change) {
        Ok(Done {})
    } else {
        let message = "too many connections are marked; close some, or wait 60 s";
        Err(RpcError::conflict("connections", message).into())
    }
}

fn to_come(path: &str, end: Option<UnixMs>, now: UnixMs) -> Result<(), RpcError> {
    match end {
        Some(end) if end <= now => Err(RpcError::invalid_param(path, "expected a time to come")),
        _ => Ok(()),
    }
}

/// A user's status text and emoji, and when they end.
#[derive(Clone, Default)]
pub(crate) struct Status {
    pub(crate) text: String,
    pub(crate) emoji: Option<String>,
    pub(crate) expires_at: Option<UnixMs>,
}

pub(crate) fn status_of(
    db: &Connection,
    user: UserId,
    now: UnixMs,
) -> Result<Status, rusqlite::Error> {
    let status = db
        .prepare_cached(
            "SELECT text, emoji, expires_at FROM status
             WHERE user_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .query_row([user.get(), now.get()], |row| {
            Ok(Status {
                text: row.get(0)?,
                emoji: row.get(1)?,
                expires_at: optional(row, 2, UnixMs)?,
            })
        })
        .optional()?;
    Ok(status.unwrap_or_default())
}

/// When whose status text ends.
pub(crate) fn status_ends(db: &Connection) -> Result<Vec<(UserId, UnixMs)>, rusqlite::Error> {
    db.prepare_cached("SELECT user_id, expires_at FROM status WHERE expires_at IS NOT NULL")?
        .query_map([], |row| Ok((UserId(row.get(0)?), UnixMs(row.get(1)?))))?
        .collect()
}

/// The claims of everybody.
pub(crate) fn claims(db: &Connection) -> Result<Vec<Claimed>, rusqlite::Error> {
    db.prepare_cached("SELECT user_id, id, state, until FROM presence_claim")?
        .query_map([], |row| {
            Ok(Claimed {
                user: UserId(row.get(0)?),
                number: row.get(1)?,
                claim: parsed(row, 2, Claim::parse)?,
                until: optional(row, 3, UnixMs)?,
            })
        })?
        .collect()
}

/// Deletes the statuses and claims that have ended, of which the board has told.
pub(crate) fn forget_ended(db: &Connection, now: UnixMs) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM status WHERE expires_at <= ?1")?
        .execute([now.get()])?;
    db.prepare_cached("DELETE FROM presence_claim WHERE until <= ?1")?
        .execute([now.get()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::{UnixMs, UserId};
    use rusqlite::Connection;

    use super::{claims, forget_ended, status_of};
    use crate::families::SCHEMA;

    const END: UnixMs = UnixMs(60_000);

    fn one_of_each() -> Connection {
        let db = Connection::open_in_memory().expect("opens");
        for step in SCHEMA {
            db.execute_batch(step).expect("is SQL");
        }
        db.execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO status VALUES (1, 'lunch', NULL, 60000);
             INSERT INTO presence_claim (user_id, state, until) VALUES (1, 'dnd', 60000);",
        )
        .expect("inserts");
        db
    }

    #[test]
    fn a_status_text_is_gone_exactly_at_its_end() {
        let db = one_of_each();
        let text = |now| status_of(&db, UserId(1), now).expect("reads").text;
        assert_eq!(text(END.plus_ms(-1)), "lunch");
        assert_eq!(text(END), "");
    }

    #[test]
    fn what_has_ended_is_forgotten_and_nothing_before() {
        let db = one_of_each();
        let left = || {
            let status = status_of(&db, UserId(1), UnixMs(0)).expect("reads");
            (status.text, claims(&db).expect("reads").len())
        };
        forget_ended(&db, END.plus_ms(-1)).expect("deletes");
        assert_eq!(left(), ("lunch".to_owned(), 1));
        forget_ended(&db, END).expect("deletes");
        assert_eq!(left(), (String::new(), 0));
    }
}
