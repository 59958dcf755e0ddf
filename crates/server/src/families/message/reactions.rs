use antiphon_api::{
    RpcError,
    entities::{Message, Permission, Reaction},
    events::MessageReacted,
    ids::UserId,
    limits::MAX_EMOJI_CHARS,
    methods::message::{MAX_EMOJI, MAX_REACTIONS, ReactParams, ReactionsResult},
};
use antiphon_store::Audience;
use rusqlite::params;

use super::{
    super::{channel, permission},
    readable,
    row::load,
};
use crate::context::{Failure, Work};

pub(super) fn react(
    work: &mut Work<'_, '_>,
    params: ReactParams,
) -> Result<ReactionsResult, Failure> {
    let (message, caller, emoji) = wanted(work, params)?;
    may_react(work, &message, caller)?;
    if has(&message.reactions, caller, &emoji) {
        return Ok(unchanged(message));
    }
    put(work, &message, caller, &emoji)
}

pub(super) fn unreact(
    work: &mut Work<'_, '_>,
    params: ReactParams,
) -> Result<ReactionsResult, Failure> {
    let (message, caller, emoji) = wanted(work, params)?;
    if !has(&message.reactions, caller, &emoji) {
        return Ok(unchanged(message));
    }
    take_off(work, &message, caller, &emoji)
}

pub(super) fn toggle(
    work: &mut Work<'_, '_>,
    params: ReactParams,
) -> Result<ReactionsResult, Failure> {
    let (message, caller, emoji) = wanted(work, params)?;
    if has(&message.reactions, caller, &emoji) {
        return take_off(work, &message, caller, &emoji);
    }
    may_react(work, &message, caller)?;
    put(work, &message, caller, &emoji)
}

/// The message, who calls, and the emoji.
fn wanted(work: &Work<'_, '_>, params: ReactParams) -> Result<(Message, UserId, String), Failure> {
    let caller = work.caller.user()?;
    let emoji = emoji_of(params.emoji)?;
    Ok((readable(work, params.message_id, caller)?, caller, emoji))
}

fn emoji_of(emoji: String) -> Result<String, RpcError> {
    let strange = |char: char| char.is_whitespace() || char.is_control();
    if (1..=MAX_EMOJI_CHARS).contains(&emoji.chars().count()) && !emoji.chars().any(strange) {
        return Ok(emoji);
    }
    let message =
        format!("expected 1 to {MAX_EMOJI_CHARS} characters without white space or control ones");
    Err(RpcError::invalid_param("emoji", message))
}

fn may_react(work: &Work<'_, '_>, message: &Message, caller: UserId) -> Result<(), Failure> {
    let channel = channel::joined(work, message.channel_id, caller)?;
    permission::require(work, channel.workspace_id, caller, Permission::MessageReact)?;
    Ok(())
}

fn has(reactions: &[Reaction], user: UserId, emoji: &str) -> bool {
    let mut reactions = reactions.iter();
    let reaction = reactions.find(|reaction| reaction.emoji == emoji);
    reaction.is_some_and(|reaction| reaction.user_ids.contains(&user))
}

fn unchanged(message: Message) -> ReactionsResult {
    ReactionsResult {
        reactions: message.reactions,
    }
}

fn put(
    work: &mut Work<'_, '_>,
    message: &Message,
    user: UserId,
    emoji: &str,
) -> Result<ReactionsResult, Failure> {
    has_room(&message.reactions, emoji)?;
    work.prepare_cached("INSERT INTO reaction (message_id, emoji, user_id) VALUES (?1, ?2, ?3)")?
        .execute(params![message.id.get(), emoji, user.get()])?;
    changed(work, message)
}

fn take_off(
    work: &mut Work<'_, '_>,
    message: &Message,
    user: UserId,
    emoji: &str,
) -> Result<ReactionsResult, Failure> {
    work.prepare_cached(
        "DELETE FROM reaction WHERE message_id = ?1 AND emoji = ?2 AND user_id = ?3",
    )?
    .execute(params![message.id.get(), emoji, user.get()])?;
    changed(work, message)
}

fn has_room(reactions: &[Reaction], emoji: &str) -> Result<(), RpcError> {
    let is_new = reactions.iter().all(|reaction| reaction.emoji != emoji);
    if is_new && reactions.len() >= MAX_EMOJI {
        let message = format!("a message has at most {MAX_EMOJI} different emoji; use one of them");
        return Err(RpcError::full(MAX_EMOJI, message));
    }
    let all: usize = reactions.iter().map(|one| one.user_ids.len()).sum();
    if all >= MAX_REACTIONS {
        let message = format!("a message has at most {MAX_REACTIONS} reactions");
        return Err(RpcError::full(MAX_REACTIONS, message));
    }
    Ok(())
}

fn changed(work: &mut Work<'_, '_>, message: &Message) -> Result<ReactionsResult, Failure> {
    work.prepare_cached("UPDATE message SET revision = revision + 1 WHERE id = ?1")?
        .execute([message.id.get()])?;
    let Message {
        reactions,
        revision,
        ..
    } = load(work, message.id)?;
    work.emit(
        &Audience::channel(message.channel_id),
        MessageReacted {
            message_id: message.id,
            channel_id: message.channel_id,
            reactions: reactions.clone(),
            revision,
        },
    )?;
    Ok(ReactionsResult { reactions })
}
