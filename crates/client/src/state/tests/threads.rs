use antiphon_api::{
    entities::{Message, Thread},
    events::{
        ChannelRemoved, Event, RemovalReason, ThreadRemovalReason, ThreadRemoved, ThreadUpdated,
    },
    ids::{ChannelId, MessageId},
};

use super::{
    DM, ELSEWHERE, GENERAL, ME, PEER, State, created, deleted, mentioning_me, message, state,
};

const ROOT: MessageId = MessageId(3);

fn thread(channel_id: ChannelId, unread: u32, mentions: u32) -> Thread {
    Thread {
        thread_id: ROOT,
        channel_id,
        last_read_id: Some(MessageId(5)),
        unread,
        mentions,
    }
}

fn follow(thread: Thread) -> Event {
    ThreadUpdated { thread }.into()
}

fn reply(message: Message) -> Message {
    Message {
        thread_id: Some(ROOT),
        ..message
    }
}

fn to_everybody(id: i64) -> Message {
    Message {
        mentions_everyone: true,
        ..message(id, PEER)
    }
}

/// With message 3 of #general followed and read up to 5.
fn following() -> State {
    state().after([follow(thread(GENERAL, 0, 0))])
}

#[test]
fn a_reply_counts_in_the_thread_that_is_followed_and_not_in_its_channel() {
    let state = following().after([
        created(reply(message(6, PEER))),
        created(reply(mentioning_me(7))),
        created(reply(message(8, ME))),
        created(reply(message(5, PEER))),
    ]);
    assert_eq!(state.thread(ROOT), Some(&thread(GENERAL, 2, 1)));
    assert_eq!(state.counts(), (0, 0));
    let state = state.after([deleted(&reply(mentioning_me(7)))]);
    assert_eq!(state.thread(ROOT), Some(&thread(GENERAL, 1, 0)));
}

#[test]
fn a_message_to_everybody_mentions_once_whoever_it_names_besides() {
    let both = Message {
        mentions: vec![ME],
        ..to_everybody(7)
    };
    let state = following().after([created(to_everybody(6)), created(both.clone())]);
    assert_eq!(state.counts(), (2, 2));
    let state = state.after([deleted(&both), created(reply(to_everybody(8)))]);
    assert_eq!(state.counts(), (1, 1));
    assert_eq!(state.thread(ROOT), Some(&thread(GENERAL, 1, 1)));
}

#[test]
fn a_thread_goes_with_its_root_with_its_channel_and_when_it_is_unfollowed() {
    let unfollowed = ThreadRemoved {
        thread_id: ROOT,
        channel_id: GENERAL,
        reason: ThreadRemovalReason::Unfollowed,
    };
    let left = ChannelRemoved {
        channel_id: GENERAL,
        reason: RemovalReason::Left,
    };
    for end in [deleted(&message(3, PEER)), unfollowed.into(), left.into()] {
        let state = following().after([end.clone()]);
        assert!(state.equation().threads.is_empty(), "{end:?}");
    }
    let other = ChannelRemoved {
        channel_id: DM,
        reason: RemovalReason::Left,
    };
    let state = following().after([other.into(), deleted(&message(4, PEER))]);
    assert_eq!(state.equation().threads, [thread(GENERAL, 0, 0)]);
}

#[test]
fn a_thread_is_replaced_but_not_kept_for_a_channel_that_is_gone() {
    let state = following().after([
        follow(thread(GENERAL, 4, 1)),
        follow(thread(ELSEWHERE, 1, 0)),
    ]);
    assert_eq!(state.equation().threads, [thread(GENERAL, 4, 1)]);
}
