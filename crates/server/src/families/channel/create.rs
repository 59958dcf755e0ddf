//! Making a channel, and finding the dm that exists.

use antiphon_api::{
    RpcError,
    entities::{ChannelKind, Permission},
    ids::{ChannelId, UserId, WorkspaceId},
    limits::MAX_NAME_CHARS,
    methods::channel::{ChannelResult, CreateParams, MAX_CHANNELS, MAX_DM_MEMBERS, MAX_DMS_OPENED},
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    super::{name_of, permission},
    members::{admit, has_room},
    rows::is_member,
    topic_of,
};
use crate::context::{Failure, Work};

pub(super) fn create(
    work: &mut Work<'_, '_>,
    params: CreateParams,
) -> Result<ChannelResult, Failure> {
    let caller = work.caller.user()?;
    permission::visible(work, params.workspace_id, caller)?;
    let (id, members) = if params.kind == ChannelKind::Dm {
        dm(work, params, caller)?
    } else {
        (room(work, params, caller)?, vec![caller])
    };
    Ok(ChannelResult {
        channel: admit(work, id, &members)?,
    })
}

/// A new public or private channel.
fn room(work: &Work<'_, '_>, params: CreateParams, caller: UserId) -> Result<ChannelId, Failure> {
    permission::require(work, params.workspace_id, caller, Permission::ChannelCreate)?;
    if params.peer_ids.is_some() {
        return Err(RpcError::invalid_param("peer_ids", "only a dm takes peers").into());
    }
    let name = params
        .name
        .ok_or_else(|| RpcError::invalid_param("name", "missing: only a dm has no name"))?;
    let name = name_of("name", &name, MAX_NAME_CHARS)?;
    let topic = topic_of(params.topic.unwrap_or_default())?;
    refuse_too_many(work, params.workspace_id)?;
    work.prepare_cached(
        "INSERT INTO channel (workspace_id, kind, name, topic) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        params.workspace_id.get(),
        params.kind.as_str(),
        name,
        topic
    ])?;
    Ok(ChannelId(work.last_insert_rowid()))
}

/// The dm of the caller and the peers, made if there is none and the caller may, and its people.
fn dm(
    work: &Work<'_, '_>,
    params: CreateParams,
    caller: UserId,
) -> Result<(ChannelId, Vec<UserId>), Failure> {
    for (field, given) in [("name", params.name), ("topic", params.topic)] {
        if given.is_some() {
            return Err(RpcError::invalid_param(field, format!("a dm has no {field}")).into());
        }
    }
    let peers = params
        .peer_ids
        .ok_or_else(|| RpcError::invalid_param("peer_ids", "a dm needs its other people"))?;
    let people = people_of_dm(work, params.workspace_id, caller, peers)?;
    if let Some(id) = dm_of(work, params.workspace_id, &people)? {
        return Ok((id, with_room(work, id, caller, people)?));
    }
    permission::require(work, params.workspace_id, caller, Permission::DmCreate)?;
    refuse_too_many_dms(work, params.workspace_id, caller)?;
    work.prepare_cached(
        "INSERT INTO channel (workspace_id, kind, name, peers, opened_by)
         VALUES (?1, 'dm', '', ?2, ?3)",
    )?
    .execute(params![
        params.workspace_id.get(),
        peers_key(&people),
        caller.get()
    ])?;
    Ok((ChannelId(work.last_insert_rowid()), people))
}

/// The caller, and those of the others whom their other dms do not keep out of this one.
fn with_room(
    db: &Connection,
    id: ChannelId,
    caller: UserId,
    people: Vec<UserId>,
) -> Result<Vec<UserId>, rusqlite::Error> {
    let mut fitting = Vec::with_capacity(people.len());
    for person in people {
        if person == caller || is_member(db, id, person)? || has_room(db, id, person)? {
            fitting.push(person);
        }
    }
    Ok(fitting)
}

fn refuse_too_many_dms(
    db: &Connection,
    workspace_id: WorkspaceId,
    caller: UserId,
) -> Result<(), Failure> {
    let opened: usize = db
        .prepare_cached("SELECT count(*) FROM channel WHERE opened_by = ?1 AND workspace_id = ?2")?
        .query_row([caller.get(), workspace_id.get()], |row| row.get(0))?;
    if opened >= MAX_DMS_OPENED {
        let message = format!("you opened {MAX_DMS_OPENED} dms in this workspace already");
        return Err(RpcError::full(MAX_DMS_OPENED, message).into());
    }
    Ok(())
}

fn refuse_too_many(db: &Connection, workspace_id: WorkspaceId) -> Result<(), Failure> {
    let is_full: bool = db
        .prepare_cached(
            "SELECT EXISTS (
                 SELECT 1 FROM channel
                 WHERE workspace_id = ?1 AND kind <> 'dm' AND deleted_at IS NULL
                 LIMIT 1 OFFSET ?2)",
        )?
        .query_row(params![workspace_id.get(), MAX_CHANNELS - 1], |row| {
            row.get(0)
        })?;
    if is_full {
        let message = format!("a workspace has at most {MAX_CHANNELS} channels; delete one first");
        return Err(RpcError::full(MAX_CHANNELS, message).into());
    }
    Ok(())
}

/// The people of a dm in rising order: the caller and members of the same workspace.
fn people_of_dm(
    work: &Work<'_, '_>,
    workspace_id: WorkspaceId,
    caller: UserId,
    peers: Vec<UserId>,
) -> Result<Vec<UserId>, Failure> {
    let mut people = peers;
    people.push(caller);
    people.sort_unstable();
    people.dedup();
    if !(2..=MAX_DM_MEMBERS).contains(&people.len()) {
        let message = format!("a dm has 1 to {} other people", MAX_DM_MEMBERS - 1);
        return Err(RpcError::invalid_param("peer_ids", message).into());
    }
    for person in &people {
        if permission::role_of(work, workspace_id, *person)?.is_none() {
            return Err(RpcError::not_found("member", person.get()).into());
        }
    }
    Ok(people)
}

fn peers_key(people: &[UserId]) -> String {
    people
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

fn dm_of(
    db: &Connection,
    workspace_id: WorkspaceId,
    people: &[UserId],
) -> Result<Option<ChannelId>, rusqlite::Error> {
    db.prepare_cached("SELECT id FROM channel WHERE workspace_id = ?1 AND peers = ?2")?
        .query_row(params![workspace_id.get(), peers_key(people)], |row| {
            row.get(0).map(ChannelId)
        })
        .optional()
}

#[cfg(test)]
mod tests {
    use antiphon_api::{ids::WorkspaceId, methods::channel::MAX_CHANNELS};

    use super::refuse_too_many;
    use crate::families::empty_database;

    #[test]
    fn a_workspace_with_as_many_channels_as_it_may_have_takes_no_more_until_one_is_deleted() {
        let db = empty_database();
        db.execute_batch(
            "INSERT INTO user (id, name, display_name, administrator, created_at)
             VALUES (1, 'ada', 'Ada', 0, 0);
             INSERT INTO workspace (id, name, owner_id) VALUES (1, 'team', 1);",
        )
        .expect("inserts");
        let fill =
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?1)
                    INSERT INTO channel (workspace_id, kind, name) SELECT 1, 'public', id FROM n";
        db.execute(fill, [MAX_CHANNELS - 1]).expect("inserts");
        let may_take = |workspace| refuse_too_many(&db, WorkspaceId(workspace)).is_ok();
        let one_more = |kind| {
            let insert = "INSERT INTO channel (workspace_id, kind, name) VALUES (1, ?1, '')";
            db.execute(insert, [kind]).expect("inserts");
        };
        one_more("dm");
        assert!(may_take(1));
        one_more("private");
        assert!(!may_take(1));
        assert!(may_take(2));
        let delete = "UPDATE channel SET deleted_at = 1 WHERE id = 1";
        db.execute(delete, []).expect("updates");
        assert!(may_take(1));
    }
}
