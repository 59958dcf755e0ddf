mod directory;
mod threads;

use antiphon_api::{
    entities::{
        Channel, ChannelKind, Message, Notify, OwnRole, Preferences, Presence, PresenceState, Read,
        Role, RolePermissions, User, Workspace,
    },
    events::{
        ChannelAdded, ChannelMemberJoined, ChannelMemberLeft, ChannelRemoved, Event,
        MessageCreated, MessageDeleted, MessageUpdated, PresenceChanged, ReadUpdated,
        RemovalReason, TypingStarted, WorkspaceAdded, WorkspaceMemberLeft, WorkspaceRemoved,
    },
    ids::{ChannelId, MessageId, Pos, Revision, UnixMs, UserId, WorkspaceId},
    methods::state::SnapshotResult,
};

use super::State;

const ME: UserId = UserId(1);
const PEER: UserId = UserId(2);
const GENERAL: ChannelId = ChannelId(10);
const DM: ChannelId = ChannelId(11);
const ELSEWHERE: ChannelId = ChannelId(99);

fn workspace(id: i64, revision: i64) -> Workspace {
    Workspace {
        id: WorkspaceId(id),
        name: format!("w{id} r{revision}"),
        owner_id: ME,
        permissions: RolePermissions {
            admin: vec![],
            member: vec![],
            guest: vec![],
        },
        revision: Revision(revision),
    }
}

fn own_role(id: i64, role: Role) -> OwnRole {
    OwnRole {
        workspace_id: WorkspaceId(id),
        role,
    }
}

fn preferences(theme: &str, revision: i64) -> Preferences {
    Preferences {
        values: [("theme".to_owned(), theme.into())].into_iter().collect(),
        revision: Revision(revision),
    }
}

fn channel(id: ChannelId, member_ids: Option<Vec<UserId>>, revision: i64) -> Channel {
    let kind = match member_ids {
        Some(_) => ChannelKind::Dm,
        None => ChannelKind::Public,
    };
    Channel {
        id,
        workspace_id: WorkspaceId(1),
        kind,
        name: format!("c{id} r{revision}"),
        topic: String::new(),
        member_ids,
        archived_at: None,
        revision: Revision(revision),
    }
}

fn read(channel_id: ChannelId, last_read_id: Option<i64>, unread: u32, mentions: u32) -> Read {
    Read {
        channel_id,
        last_read_id: last_read_id.map(MessageId),
        unread,
        mentions,
    }
}

fn message(id: i64, author_id: UserId) -> Message {
    Message {
        id: MessageId(id),
        channel_id: GENERAL,
        author_id,
        body: "hi".into(),
        thread_id: None,
        created_at: UnixMs(id * 100),
        edited_at: None,
        revision: Revision(1),
        reactions: vec![],
        mentions: vec![],
        mentions_everyone: false,
        reply_count: 0,
        last_reply_id: None,
        last_reply_at: None,
        pinned_at: None,
        pinned_by: None,
    }
}

fn presence(state: PresenceState, revision: i64) -> Presence {
    Presence {
        user_id: PEER,
        state,
        status_text: String::new(),
        emoji: None,
        since: UnixMs(0),
        revision: Revision(revision),
    }
}

/// At position 100: one workspace, #general read up to message 5, and a dm with 2 and 4.
fn state() -> State {
    State::from(SnapshotResult {
        pos: Pos(100),
        user: User {
            id: ME,
            name: "me".into(),
            display_name: "Me".into(),
            external_id: None,
            created_at: UnixMs(0),
            deactivated_at: None,
            revision: Revision(1),
        },
        workspaces: vec![workspace(1, 2)],
        channels: vec![
            channel(GENERAL, None, 2),
            channel(DM, Some(vec![ME, PEER, UserId(4)]), 2),
        ],
        reads: vec![read(GENERAL, Some(5), 0, 0), read(DM, None, 3, 0)],
        huddles: vec![],
        roles: vec![own_role(1, Role::Owner)],
        preferences: preferences("light", 2),
        notify: vec![Notify::usual(GENERAL), Notify::usual(DM)],
        threads: vec![],
        users: vec![],
        presence: vec![presence(PresenceState::Away, 5)],
    })
}

impl State {
    /// Applies facts at the positions that follow.
    fn after(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        for event in events {
            let pos = Pos(self.pos().get() + 1);
            self.apply(Some(pos), &event);
        }
        self
    }

    fn counts(&self) -> (u32, u32) {
        let read = self.read(GENERAL).expect("held");
        (read.unread, read.mentions)
    }
}

fn created(message: Message) -> Event {
    MessageCreated {
        message,
        nonce: None,
    }
    .into()
}

fn deleted(message: &Message) -> Event {
    MessageDeleted {
        message_id: message.id,
        channel_id: message.channel_id,
        thread_id: message.thread_id,
        author_id: message.author_id,
        mentions: message.mentions.clone(),
        mentions_everyone: message.mentions_everyone,
    }
    .into()
}

fn mentioning_me(id: i64) -> Message {
    Message {
        mentions: vec![PEER, ME],
        ..message(id, PEER)
    }
}

fn typing(user_id: UserId, started_at: i64) -> Event {
    TypingStarted {
        channel_id: GENERAL,
        user_id,
        started_at: UnixMs(started_at),
        expires_at: UnixMs(started_at + 5_000),
    }
    .into()
}

fn who_types(state: &State, now: i64) -> Vec<UserId> {
    state.typing(GENERAL, UnixMs(now)).collect()
}

#[test]
fn an_event_not_above_the_position_changes_nothing() {
    let mut state = state();
    let before = state.equation();
    state.apply(Some(Pos(100)), &created(message(6, PEER)));
    assert_eq!((state.pos(), state.equation()), (Pos(100), before));
    state.apply(Some(Pos(107)), &created(message(6, PEER)));
    assert_eq!((state.pos(), state.counts()), (Pos(107), (1, 0)));
}

#[test]
fn a_workspace_comes_and_an_older_copy_of_it_loses() {
    let add = |revision| {
        WorkspaceAdded {
            workspace: workspace(1, revision),
        }
        .into()
    };
    let state = state().after([add(1)]);
    assert_eq!(state.workspace(WorkspaceId(1)), Some(&workspace(1, 2)));
    let state = state.after([add(3)]);
    assert_eq!(state.workspace(WorkspaceId(1)), Some(&workspace(1, 3)));
}

#[test]
fn a_workspace_that_goes_takes_its_channels_and_reads_with_it_and_no_others() {
    let other = Channel {
        workspace_id: WorkspaceId(2),
        ..channel(ELSEWHERE, None, 1)
    };
    let state = state().after([
        WorkspaceAdded {
            workspace: workspace(2, 1),
        }
        .into(),
        ChannelAdded {
            channel: other.clone(),
        }
        .into(),
        ReadUpdated {
            read: read(ELSEWHERE, None, 0, 0),
        }
        .into(),
        WorkspaceRemoved {
            workspace_id: WorkspaceId(1),
            reason: RemovalReason::Removed,
        }
        .into(),
    ]);
    let equation = state.equation();
    assert_eq!(equation.workspaces, [workspace(2, 1)]);
    assert_eq!(equation.channels, [other]);
    assert_eq!(equation.reads, [read(ELSEWHERE, None, 0, 0)]);
}

#[test]
fn a_channel_comes_and_an_older_copy_of_it_loses() {
    let add = |revision| {
        ChannelAdded {
            channel: channel(GENERAL, None, revision),
        }
        .into()
    };
    let state = state().after([add(1)]);
    assert_eq!(state.channel(GENERAL), Some(&channel(GENERAL, None, 2)));
    let state = state.after([add(3)]);
    assert_eq!(state.channel(GENERAL), Some(&channel(GENERAL, None, 3)));
    assert!(state.read(GENERAL).is_some());
}

#[test]
fn a_channel_that_goes_takes_its_read_with_it() {
    let state = state().after([ChannelRemoved {
        channel_id: GENERAL,
        reason: RemovalReason::Left,
    }
    .into()]);
    assert!(state.channel(GENERAL).is_none() && state.read(GENERAL).is_none());
    assert_eq!(state.equation().reads.len(), 1);
}

#[test]
fn the_people_of_a_dm_stay_sorted_as_they_come_and_go() {
    let join = |user_id| {
        ChannelMemberJoined {
            channel_id: DM,
            user_id,
        }
        .into()
    };
    let leave = |user_id| {
        let reason = RemovalReason::Left;
        ChannelMemberLeft {
            channel_id: DM,
            user_id,
            reason,
        }
        .into()
    };
    let members = |state: &State| state.channel(DM).and_then(|dm| dm.member_ids.clone());
    let state = state().after([join(UserId(3)), join(PEER)]);
    assert_eq!(members(&state), Some(vec![ME, PEER, UserId(3), UserId(4)]));
    let state = state.after([leave(PEER), leave(UserId(77))]);
    assert_eq!(members(&state), Some(vec![ME, UserId(3), UserId(4)]));
}

#[test]
fn membership_of_other_channels_and_of_workspaces_changes_nothing() {
    let left = state().after([
        ChannelMemberJoined {
            channel_id: GENERAL,
            user_id: PEER,
        }
        .into(),
        ChannelMemberJoined {
            channel_id: ELSEWHERE,
            user_id: PEER,
        }
        .into(),
        WorkspaceMemberLeft {
            workspace_id: WorkspaceId(1),
            user_id: PEER,
            role: Role::Member,
            reason: RemovalReason::Left,
        }
        .into(),
    ]);
    assert_eq!(left.equation(), state().equation());
}

#[test]
fn a_message_of_somebody_else_above_the_read_cursor_is_unread() {
    assert_eq!(state().after([created(message(6, PEER))]).counts(), (1, 0));
    assert_eq!(state().after([created(mentioning_me(6))]).counts(), (1, 1));
}

#[test]
fn a_channel_in_which_nothing_was_read_counts_from_its_first_message() {
    let message = Message {
        channel_id: DM,
        ..message(1, PEER)
    };
    let state = state().after([created(message)]);
    assert_eq!(state.read(DM), Some(&read(DM, None, 4, 0)));
}

#[test]
fn what_does_not_count_is_not_counted() {
    let reply = Message {
        thread_id: Some(MessageId(3)),
        ..mentioning_me(7)
    };
    let elsewhere = Message {
        channel_id: ELSEWHERE,
        ..mentioning_me(8)
    };
    for message in [
        message(6, ME),
        message(5, PEER),
        mentioning_me(4),
        reply,
        elsewhere,
    ] {
        let after = state().after([created(message.clone())]);
        assert_eq!(after.equation(), state().equation(), "{message:?}");
        let unread = [created(mentioning_me(20))];
        let after = state().after(unread.clone()).after([deleted(&message)]);
        assert_eq!(
            after.equation(),
            state().after(unread).equation(),
            "{message:?}"
        );
    }
}

#[test]
fn a_deleted_message_is_no_longer_counted() {
    let state = state().after([
        created(mentioning_me(6)),
        created(message(7, PEER)),
        deleted(&mentioning_me(6)),
    ]);
    assert_eq!(state.counts(), (1, 0));
}

#[test]
fn no_count_falls_below_zero() {
    assert_eq!(state().after([deleted(&mentioning_me(6))]).counts(), (0, 0));
}

#[test]
fn an_edit_moves_no_count() {
    let updated = MessageUpdated {
        message: mentioning_me(6),
        nonce: None,
    };
    assert_eq!(state().after([updated.into()]).counts(), (0, 0));
}

#[test]
fn a_read_replaces_the_one_before_it_but_not_for_a_channel_that_is_gone() {
    let update = |read| ReadUpdated { read }.into();
    let state = state().after([
        created(message(6, PEER)),
        update(read(GENERAL, Some(6), 0, 0)),
        update(read(ELSEWHERE, None, 0, 0)),
    ]);
    assert_eq!(state.read(GENERAL), Some(&read(GENERAL, Some(6), 0, 0)));
    assert_eq!(state.equation().reads.len(), 2);
}

#[test]
fn of_two_presences_the_higher_revision_stays() {
    let changed = |state, revision| PresenceChanged(presence(state, revision)).into();
    let mut state = state();
    state.apply(None, &changed(PresenceState::Online, 4));
    assert_eq!(
        state.presence(PEER),
        Some(&presence(PresenceState::Away, 5))
    );
    state.apply(None, &changed(PresenceState::Online, 6));
    state.presence_listed([presence(PresenceState::Offline, 5)]);
    assert_eq!(
        state.presence(PEER),
        Some(&presence(PresenceState::Online, 6))
    );
    assert_eq!(state.pos(), Pos(100));
}

#[test]
fn somebody_types_until_it_expires() {
    let mut state = state();
    state.apply(None, &typing(PEER, 1_000));
    assert_eq!(who_types(&state, 5_999), [PEER]);
    assert!(who_types(&state, 6_000).is_empty());
    state.apply(None, &typing(PEER, 4_000));
    state.apply(None, &typing(PEER, 1_000));
    assert_eq!(who_types(&state, 8_999), [PEER]);
}

#[test]
fn typing_that_nobody_stops_is_cleared_by_the_message_and_a_late_start_does_not_bring_it_back() {
    let mut state = state();
    state.apply(None, &typing(PEER, 500));
    state.apply(None, &typing(UserId(4), 500));
    let mut state = state.after([created(message(6, PEER))]);
    state.apply(None, &typing(PEER, 599));
    assert_eq!(who_types(&state, 1_000), [UserId(4)]);
    state.apply(None, &typing(PEER, 601));
    assert_eq!(who_types(&state, 1_000), [PEER, UserId(4)]);
}

#[test]
fn typing_in_a_channel_that_is_gone_is_forgotten() {
    let mut state = state();
    state.apply(None, &typing(PEER, 500));
    let removed = ChannelRemoved {
        channel_id: GENERAL,
        reason: RemovalReason::Left,
    };
    let mut state = state.after([removed.into()]);
    state.apply(None, &typing(PEER, 900));
    assert!(who_types(&state, 1_000).is_empty());
}
