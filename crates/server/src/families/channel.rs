//! Channels and who is in them.
//!
//! A public channel is seen by its workspace and joined by oneself; a private one is seen by its
//! members, who add others; a dm has the people it was made for. Joining and leaving follow the order
//! of workspaces: open and tell, close and tell, and a read cursor lives as long as a membership.

use antiphon_api::{
    ErrorCode, RpcError,
    entities::{Channel, ChannelKind, Permission},
    events::{ChannelAdded, ChannelMemberJoined, ChannelMemberLeft, ChannelRemoved, RemovalReason},
    ids::{ChannelId, Revision, UserId, WorkspaceId},
    method::Done,
    methods::{
        channel::{
            AddMember, ChannelMember, ChannelParams, ChannelResult, Create, CreateParams, Join,
            Leave, List, ListParams, ListResult, ListedChannel, MAX_DM_MEMBERS, MAX_TOPIC_CHARS,
            MemberParams, MemberResult, RemoveMember,
        },
        user::MAX_NAME_CHARS,
    },
};
use antiphon_store::{Audience, Scope, log, membership};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{MAX_MEMBERS, at_most, name_of, permission, read, thread, workspace};
use crate::{
    context::{Failure, Look, Work},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Create>(create)
        .mutation::<Join>(join)
        .mutation::<Leave>(leave)
        .mutation::<AddMember>(add_member)
        .mutation::<RemoveMember>(remove_member)
        .query::<List>(list)
}

fn create(work: &mut Work<'_, '_>, params: CreateParams) -> Result<ChannelResult, Failure> {
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

fn join(work: &mut Work<'_, '_>, params: ChannelParams) -> Result<ChannelResult, Failure> {
    let caller = work.caller.user()?;
    let Seen { channel, .. } = visible(work, params.channel_id, caller)?;
    Ok(ChannelResult {
        channel: admit(work, channel.id, &[caller])?,
    })
}

fn leave(work: &mut Work<'_, '_>, params: ChannelParams) -> Result<Done, Failure> {
    let caller = work.caller.user()?;
    let channel = joined(work, params.channel_id, caller)?;
    refuse_dm(&channel)?;
    end(work, channel.id, caller, RemovalReason::Left)?;
    Ok(Done {})
}

fn add_member(work: &mut Work<'_, '_>, params: MemberParams) -> Result<MemberResult, Failure> {
    let MemberParams {
        channel_id,
        user_id,
    } = params;
    let caller = work.caller.user()?;
    let channel = joined(work, channel_id, caller)?;
    refuse_dm(&channel)?;
    if workspace::role_of(work, channel.workspace_id, user_id)?.is_none() {
        return Err(RpcError::not_found("member", user_id.get()).into());
    }
    admit(work, channel_id, &[user_id])?;
    Ok(MemberResult {
        member: ChannelMember {
            channel_id,
            user_id,
        },
    })
}

fn remove_member(work: &mut Work<'_, '_>, params: MemberParams) -> Result<Done, Failure> {
    let MemberParams {
        channel_id,
        user_id,
    } = params;
    let caller = work.caller.user()?;
    let Seen { channel, .. } = visible(work, channel_id, caller)?;
    refuse_dm(&channel)?;
    let own = caller == user_id;
    if !own {
        permission::require(
            work,
            channel.workspace_id,
            caller,
            Permission::ChannelRemoveMember,
        )?;
    }
    if !is_member(work, channel_id, user_id)? {
        return Err(RpcError::not_found("member", user_id.get()).into());
    }
    end(
        work,
        channel_id,
        user_id,
        if own {
            RemovalReason::Left
        } else {
            RemovalReason::Removed
        },
    )?;
    Ok(Done {})
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let caller = look.caller.user()?;
    workspace::visible(look, params.workspace_id, caller)?;
    let mut statement = look.prepare_cached(
        "SELECT id, workspace_id, kind, name, topic, revision, EXISTS (
             SELECT 1 FROM channel_member
             WHERE channel_id = channel.id AND user_id = ?2) AS joined
         FROM channel WHERE workspace_id = ?1 AND (kind = 'public' OR joined) ORDER BY id",
    )?;
    let rows = statement.query_map([params.workspace_id.get(), caller.get()], |row| {
        Ok((from_row(row)?, row.get(6)?))
    })?;
    let mut channels = Vec::new();
    for row in rows {
        let (channel, is_member) = row?;
        channels.push(ListedChannel {
            channel: with_members(look, channel)?,
            is_member,
        });
    }
    Ok(ListResult {
        channels,
        pos: log::head(look)?,
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

/// Makes members of those of `users` who are not, and tells of it: first them, then everybody.
fn admit(work: &mut Work<'_, '_>, id: ChannelId, users: &[UserId]) -> Result<Channel, Failure> {
    let mut newcomers = Vec::new();
    for user in users {
        if !is_member(work, id, *user)? {
            work.tx.open_membership(Scope::Channel(id), *user, "")?;
            newcomers.push(*user);
        }
    }
    if membership::count(work, Scope::Channel(id))? > MAX_MEMBERS {
        return Err(workspace::full("channel").into());
    }
    let channel = load(work, id)?.ok_or_else(|| absent(id))?;
    if newcomers.is_empty() {
        return Ok(channel);
    }
    let added = ChannelAdded {
        channel: channel.clone(),
    };
    work.emit(&Audience::users(newcomers.iter().copied()), added)?;
    for user_id in newcomers {
        work.emit(
            &Audience::channel(id),
            ChannelMemberJoined {
                channel_id: id,
                user_id,
            },
        )?;
        read::begin(work, id, user_id)?;
    }
    Ok(channel)
}

/// Ends a membership and tells everybody, the one who left last.
fn end(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
    reason: RemovalReason,
) -> Result<(), Failure> {
    withdraw(work, channel_id, user_id, reason)?;
    work.emit(
        &Audience::user(user_id),
        ChannelRemoved { channel_id, reason },
    )?;
    Ok(())
}

/// Ends a membership and tells those who stay.
pub(super) fn withdraw(
    work: &mut Work<'_, '_>,
    channel_id: ChannelId,
    user_id: UserId,
    reason: RemovalReason,
) -> Result<(), Failure> {
    work.tx
        .close_membership(Scope::Channel(channel_id), user_id)?;
    read::forget(work, channel_id, user_id)?;
    thread::forget(work, channel_id, user_id)?;
    work.emit(
        &Audience::channel(channel_id),
        ChannelMemberLeft {
            channel_id,
            user_id,
            reason,
        },
    )?;
    Ok(())
}

fn absent(id: ChannelId) -> RpcError {
    RpcError::not_found("channel", id.get())
}

fn refuse_dm(channel: &Channel) -> Result<(), RpcError> {
    if channel.kind == ChannelKind::Dm {
        let message = "the people of a dm do not change";
        return Err(RpcError::new(ErrorCode::Conflict, message).with("existing", "dm"));
    }
    Ok(())
}

/// A channel somebody may see.
pub(super) struct Seen {
    pub(super) channel: Channel,
    pub(super) is_member: bool,
}

/// A channel the caller is in, or a public one of a workspace they are in.
pub(super) fn visible(db: &Connection, id: ChannelId, caller: UserId) -> Result<Seen, Failure> {
    let channel = load(db, id)?.ok_or_else(|| absent(id))?;
    let is_member = is_member(db, id, caller)?;
    let public = channel.kind == ChannelKind::Public
        && workspace::role_of(db, channel.workspace_id, caller)?.is_some();
    if is_member || public {
        Ok(Seen { channel, is_member })
    } else {
        Err(absent(id).into())
    }
}

/// A channel the caller is in.
pub(super) fn joined(db: &Connection, id: ChannelId, caller: UserId) -> Result<Channel, Failure> {
    let Seen { channel, is_member } = visible(db, id, caller)?;
    if is_member {
        Ok(channel)
    } else {
        Err(RpcError::forbidden("channel:member", "join the channel first").into())
    }
}

pub(super) fn is_member(
    db: &Connection,
    id: ChannelId,
    user: UserId,
) -> Result<bool, rusqlite::Error> {
    membership::is_member(db, Scope::Channel(id), user)
}

/// The channels of a workspace that a user is in.
pub(super) fn joined_in(
    db: &Connection,
    workspace_id: WorkspaceId,
    user: UserId,
) -> Result<Vec<ChannelId>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT channel.id FROM channel_member JOIN channel ON channel.id = channel_id
         WHERE user_id = ?1 AND workspace_id = ?2
         ORDER BY channel.id",
    )?
    .query_map([user.get(), workspace_id.get()], |row| {
        row.get(0).map(ChannelId)
    })?
    .collect()
}

/// The channels a user is in, in id order.
pub(super) fn of_user(db: &Connection, user: UserId) -> Result<Vec<Channel>, rusqlite::Error> {
    let channels: Vec<Channel> = db
        .prepare_cached(
            "SELECT id, workspace_id, kind, name, topic, revision FROM channel
             WHERE id IN (SELECT channel_id FROM channel_member WHERE user_id = ?1)
             ORDER BY id",
        )?
        .query_map([user.get()], from_row)?
        .collect::<Result<_, _>>()?;
    channels
        .into_iter()
        .map(|channel| with_members(db, channel))
        .collect()
}

fn load(db: &Connection, id: ChannelId) -> Result<Option<Channel>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT id, workspace_id, kind, name, topic, revision FROM channel WHERE id = ?1",
    )?
    .query_row([id.get()], from_row)
    .optional()?
    .map(|channel| with_members(db, channel))
    .transpose()
}

fn with_members(db: &Connection, mut channel: Channel) -> Result<Channel, rusqlite::Error> {
    if channel.kind == ChannelKind::Dm {
        channel.member_ids = Some(membership::members(db, Scope::Channel(channel.id))?);
    }
    Ok(channel)
}

fn from_row(row: &Row<'_>) -> Result<Channel, rusqlite::Error> {
    let kind: String = row.get(2)?;
    Ok(Channel {
        id: ChannelId(row.get(0)?),
        workspace_id: WorkspaceId(row.get(1)?),
        kind: ChannelKind::parse(&kind).ok_or(rusqlite::Error::InvalidQuery)?,
        name: row.get(3)?,
        topic: row.get(4)?,
        member_ids: None,
        revision: Revision(row.get(5)?),
    })
}
