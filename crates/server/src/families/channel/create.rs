//! Making a channel, and finding the dm that exists.

use antiphon_api::{
    RpcError,
    entities::ChannelKind,
    ids::{ChannelId, UserId, WorkspaceId},
    methods::{
        channel::{ChannelResult, CreateParams, MAX_DM_MEMBERS, MAX_TOPIC_CHARS},
        user::MAX_NAME_CHARS,
    },
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    super::{at_most, name_of, workspace},
    members::admit,
};
use crate::context::{Failure, Work};

pub(super) fn create(
    work: &mut Work<'_, '_>,
    params: CreateParams,
) -> Result<ChannelResult, Failure> {
    let caller = work.caller.user()?;
    workspace::visible(work, params.workspace_id, caller)?;
    let topic = at_most("topic", params.topic.unwrap_or_default(), MAX_TOPIC_CHARS)?;
    let (id, members) = match (params.kind, params.name, params.peer_ids) {
        (ChannelKind::Dm, None, Some(peers)) => {
            let people = people_of_dm(work, params.workspace_id, caller, peers)?;
            let id = match dm_of(work, params.workspace_id, &people)? {
                Some(id) => id,
                None => insert(
                    work,
                    params.workspace_id,
                    params.kind,
                    "",
                    &topic,
                    Some(&people),
                )?,
            };
            (id, people)
        }
        (ChannelKind::Dm, Some(_), _) => {
            return Err(RpcError::invalid_param("name", "a dm has no name").into());
        }
        (ChannelKind::Dm, None, None) => {
            return Err(RpcError::invalid_param("peer_ids", "a dm needs its other people").into());
        }
        (_, _, Some(_)) => {
            return Err(RpcError::invalid_param("peer_ids", "only a dm takes peers").into());
        }
        (_, None, None) => {
            return Err(RpcError::invalid_param("name", "missing: only a dm has no name").into());
        }
        (kind, Some(name), None) => {
            let name = name_of("name", &name, MAX_NAME_CHARS)?;
            (
                insert(work, params.workspace_id, kind, &name, &topic, None)?,
                vec![caller],
            )
        }
    };
    Ok(ChannelResult {
        channel: admit(work, id, &members)?,
    })
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
        if workspace::role_of(work, workspace_id, *person)?.is_none() {
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

fn insert(
    db: &Connection,
    workspace_id: WorkspaceId,
    kind: ChannelKind,
    name: &str,
    topic: &str,
    people: Option<&[UserId]>,
) -> Result<ChannelId, rusqlite::Error> {
    db.prepare_cached(
        "INSERT INTO channel (workspace_id, kind, name, topic, peers) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        workspace_id.get(),
        kind.as_str(),
        name,
        topic,
        people.map(peers_key)
    ])?;
    Ok(ChannelId(db.last_insert_rowid()))
}
