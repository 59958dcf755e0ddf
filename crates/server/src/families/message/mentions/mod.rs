//! Mentions: from what a body says to who hears of it.
//!
//! A name counts if it is that of a member of the channel. `@channel` and `@here` need
//! `message:mention_all` and are plain text otherwise. `@here` is resolved when the message is sent,
//! to those who are online then; with more than [`MAX_MENTIONS`] of them it counts as `@channel`.

mod parse;

use std::collections::BTreeSet;

use antiphon_api::{
    entities::{Channel, Message, Permission},
    events::{MentionCreated, MentionKind},
    ids::{MessageId, UserId},
    methods::message::MAX_MENTIONS,
};
use antiphon_store::{Audience, MAX_USERS, Scope, membership};
use rusqlite::{Connection, OptionalExtension, params};

use super::super::permission;
use crate::context::{Failure, Work};

/// The most names of one body that are looked up; what comes after them is plain text.
const MAX_LOOKUPS: usize = 1_024;

/// Whom a message mentions, without its author.
#[derive(Default)]
pub(super) struct Mentions {
    /// By name.
    pub(super) named: BTreeSet<UserId>,
    /// With `@here` alone.
    here: BTreeSet<UserId>,
    pub(super) everyone: bool,
}

impl Mentions {
    /// All but everybody, in rising order.
    pub(super) fn users(&self) -> Vec<UserId> {
        self.named.union(&self.here).copied().collect()
    }
}

/// Whom this body mentions when `author` sends it to `channel`.
pub(super) fn of(
    work: &Work<'_, '_>,
    channel: &Channel,
    author: UserId,
    body: &str,
) -> Result<Mentions, Failure> {
    let mut mentions = Mentions::default();
    if !body.contains('@') {
        return Ok(mentions);
    }
    let addressed = parse::addressed(body);
    mentions.named = named(work, channel, author, &addressed.words)?;
    if (addressed.channel || addressed.here) && may_mention_all(work, channel, author)? {
        mentions.everyone = addressed.channel;
        if addressed.here {
            add_online(work, channel, author, &mut mentions)?;
        }
    }
    Ok(mentions)
}

fn named(
    db: &Connection,
    channel: &Channel,
    author: UserId,
    words: &[&str],
) -> Result<BTreeSet<UserId>, rusqlite::Error> {
    let (mut named, mut seen, mut lookups) = (BTreeSet::new(), BTreeSet::new(), 0);
    for word in words.iter().filter(|word| seen.insert(**word)) {
        for name in parse::names(word) {
            lookups += 1;
            if lookups > MAX_LOOKUPS || named.len() == MAX_MENTIONS {
                return Ok(named);
            }
            if let Some(user) = member_named(db, channel, name)? {
                named.extend(Some(user).filter(|user| *user != author));
                break;
            }
        }
    }
    Ok(named)
}

fn member_named(
    db: &Connection,
    channel: &Channel,
    name: &str,
) -> Result<Option<UserId>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT user.id FROM user JOIN channel_member ON user_id = user.id
         WHERE user.name = ?1 AND channel_id = ?2",
    )?
    .query_row(params![name, channel.id.get()], |row| {
        row.get(0).map(UserId)
    })
    .optional()
}

fn may_mention_all(
    db: &Connection,
    channel: &Channel,
    author: UserId,
) -> Result<bool, rusqlite::Error> {
    let needed = Permission::MessageMentionAll;
    permission::has(db, channel.workspace_id, author, needed)
}

fn add_online(
    work: &Work<'_, '_>,
    channel: &Channel,
    author: UserId,
    mentions: &mut Mentions,
) -> Result<(), rusqlite::Error> {
    let mut online = membership::members(work, Scope::Channel(channel.id))?;
    work.shared.presence.retain_online(&mut online, work.now);
    online.retain(|user| *user != author && !mentions.named.contains(user));
    if online.len() + mentions.named.len() > MAX_MENTIONS {
        mentions.everyone = true;
    } else {
        mentions.here = online.into_iter().collect();
    }
    Ok(())
}

/// Keeps whom a message mentions, for counting.
pub(super) fn insert(
    db: &Connection,
    id: MessageId,
    message: &Message,
) -> Result<(), rusqlite::Error> {
    for user in &message.mentions {
        db.prepare_cached(
            "INSERT INTO mention (message_id, user_id, channel_id, thread_id)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            id.get(),
            user.get(),
            message.channel_id.get(),
            message.thread_id.map(MessageId::get)
        ])?;
    }
    Ok(())
}

/// Tells those who are mentioned, in groups an audience can hold, or everybody.
pub(super) fn tell(
    work: &mut Work<'_, '_>,
    message: &Message,
    mentions: &Mentions,
) -> Result<(), Failure> {
    let of_kind = |kind| MentionCreated {
        message_id: message.id,
        channel_id: message.channel_id,
        author_id: message.author_id,
        kind,
    };
    for (users, kind) in [
        (&mentions.named, MentionKind::User),
        (&mentions.here, MentionKind::Here),
    ] {
        let users: Vec<UserId> = users.iter().copied().collect();
        for users in users.chunks(MAX_USERS) {
            let audience = Audience::users(users.iter().copied());
            work.emit(&audience, of_kind(kind))?;
        }
    }
    if mentions.everyone {
        let audience = Audience::channel(message.channel_id);
        work.emit(&audience, of_kind(MentionKind::Channel))?;
    }
    Ok(())
}
