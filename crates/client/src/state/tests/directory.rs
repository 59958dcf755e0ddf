//! Roles, preferences, names: what there is beside channels and messages.

use antiphon_api::{
    entities::{Channel, Notify, NotifyLevel, Role, User},
    events::{
        ChannelAdded, ChannelNotifyUpdated, ChannelRemoved, ChannelUpdated, Event, RemovalReason,
        UserPreferencesUpdated, UserUpdated, WorkspaceAdded, WorkspaceMemberJoined,
        WorkspaceMemberLeft, WorkspaceMemberUpdated, WorkspaceRemoved, WorkspaceUpdated,
    },
    ids::{ChannelId, Revision, UserId, WorkspaceId},
    methods::state::MAX_PEOPLE,
};

use super::{DM, ELSEWHERE, GENERAL, ME, PEER, channel, own_role, preferences, state, workspace};

fn person(id: UserId, revision: i64) -> User {
    User {
        id,
        display_name: format!("{id} r{revision}"),
        revision: Revision(revision),
        ..state().user().clone()
    }
}

fn joined(workspace: i64, user_id: UserId, role: Role) -> Event {
    came(workspace, person(user_id, 1), role)
}

fn came(workspace: i64, user: User, role: Role) -> Event {
    WorkspaceMemberJoined {
        workspace_id: WorkspaceId(workspace),
        user_id: user.id,
        role,
        user,
    }
    .into()
}

fn left(workspace: i64, user_id: UserId) -> Event {
    WorkspaceMemberLeft {
        workspace_id: WorkspaceId(workspace),
        user_id,
        role: Role::Member,
        reason: RemovalReason::Left,
    }
    .into()
}

fn in_role(workspace: i64, user_id: UserId, role: Role) -> Event {
    WorkspaceMemberUpdated {
        workspace_id: WorkspaceId(workspace),
        user_id,
        role,
    }
    .into()
}

fn quiet(channel_id: ChannelId) -> Notify {
    Notify {
        channel_id,
        muted: true,
        notify: NotifyLevel::Mentions,
    }
}

fn notify(channel_id: ChannelId) -> Event {
    ChannelNotifyUpdated {
        notify: quiet(channel_id),
    }
    .into()
}

#[test]
fn ones_own_role_comes_changes_and_goes_with_the_workspace_and_that_of_others_is_not_kept() {
    let added = WorkspaceAdded {
        workspace: workspace(2, 1),
    };
    let state = state().after([
        added.into(),
        joined(2, ME, Role::Member),
        joined(2, PEER, Role::Admin),
        in_role(1, ME, Role::Admin),
        in_role(1, PEER, Role::Owner),
    ]);
    let expected = [own_role(1, Role::Admin), own_role(2, Role::Member)];
    assert_eq!(state.equation().roles, expected);
    let removed = WorkspaceRemoved {
        workspace_id: WorkspaceId(1),
        reason: RemovalReason::Deleted,
    };
    let state = state.after([removed.into(), in_role(1, ME, Role::Owner)]);
    assert_eq!(state.equation().roles, [own_role(2, Role::Member)]);
}

#[test]
fn an_update_replaces_what_is_held_unless_it_is_older_and_introduces_nothing() {
    let workspaces = [workspace(1, 3), workspace(1, 1), workspace(9, 1)];
    let channels = [
        channel(GENERAL, None, 3),
        channel(GENERAL, None, 1),
        channel(ELSEWHERE, None, 1),
    ];
    let updates = workspaces
        .map(|workspace| WorkspaceUpdated { workspace }.into())
        .into_iter()
        .chain(channels.map(|channel| ChannelUpdated { channel }.into()));
    let equation = state().after(updates).equation();
    assert_eq!(equation.workspaces, [workspace(1, 3)]);
    let names: Vec<&str> = equation
        .channels
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["c10 r3", "c11 r2"]);
}

#[test]
fn how_one_hears_of_a_channel_begins_and_ends_with_being_in_it() {
    let removed = |channel_id| {
        let reason = RemovalReason::Archived;
        ChannelRemoved { channel_id, reason }.into()
    };
    let added = Channel {
        revision: Revision(4),
        ..channel(GENERAL, None, 4)
    };
    let heard = state().after([notify(GENERAL), notify(ELSEWHERE)]);
    assert_eq!(heard.equation().notify, [quiet(GENERAL), Notify::usual(DM)]);
    let gone = heard.after([removed(GENERAL), notify(GENERAL)]);
    assert_eq!(gone.equation().notify, [Notify::usual(DM)]);
    let back = gone.after([ChannelAdded { channel: added }.into()]);
    assert_eq!(back.notify(GENERAL), Some(&Notify::usual(GENERAL)));
}

#[test]
fn a_copy_of_a_channel_that_is_held_does_not_reset_how_one_hears_of_it() {
    let added = ChannelAdded {
        channel: channel(GENERAL, None, 3),
    };
    let state = state().after([notify(GENERAL), added.into()]);
    assert_eq!(state.notify(GENERAL), Some(&quiet(GENERAL)));
}

#[test]
fn preferences_are_replaced_as_a_whole_unless_they_are_older() {
    let updated = |theme, revision| {
        let preferences = preferences(theme, revision);
        UserPreferencesUpdated { preferences }.into()
    };
    let state = state().after([updated("dark", 3), updated("grey", 1)]);
    assert_eq!(state.preferences(), &preferences("dark", 3));
}

#[test]
fn a_new_name_reaches_oneself_and_nobody_who_is_not_known() {
    let renamed = |id| {
        let user = person(id, 2);
        UserUpdated { user }.into()
    };
    let state = state().after([renamed(ME), renamed(PEER)]);
    assert_eq!(state.user(), &person(ME, 2));
    assert!(state.person(PEER).is_none());
}

#[test]
fn who_comes_is_known_as_they_are_and_forgotten_while_their_new_names_are_not_heard() {
    let comes = |revision| came(1, person(PEER, revision), Role::Member);
    let state = state().after([comes(1)]);
    assert_eq!(state.person(PEER), Some(&person(PEER, 1)));
    let state = state.after([left(1, PEER)]);
    assert_eq!(state.person(PEER), None);
    let state = state.after([comes(3), comes(2)]);
    assert_eq!(state.person(PEER), Some(&person(PEER, 3)));
    let removed = WorkspaceRemoved {
        workspace_id: WorkspaceId(1),
        reason: RemovalReason::Left,
    };
    let state = state.after([joined(1, ME, Role::Member), removed.into()]);
    assert_eq!(state.person(PEER), None);
    assert!(state.person(ME).is_some());
}

#[test]
fn no_more_people_are_known_than_a_snapshot_has() {
    let people = 1..=MAX_PEOPLE as i64;
    let known = state().after(people.map(|id| joined(1, UserId(id), Role::Member)));
    let one_more = UserId(MAX_PEOPLE as i64 + 1);
    let newer = came(1, person(PEER, 2), Role::Member);
    let known = known.after([joined(1, one_more, Role::Member), newer]);
    assert_eq!(known.person(one_more), None);
    assert_eq!(known.person(PEER), Some(&person(PEER, 2)));
}
