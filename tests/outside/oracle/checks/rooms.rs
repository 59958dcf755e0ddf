//! Who is where, told by the events alone, and so who may hear each of them.
//!
//! What an event does to memberships stands in [`Rooms::hear`]; who hears any other is what the
//! catalogue's words about its audience say, in [`Rooms::by_words`].

use std::collections::{BTreeMap, BTreeSet};

use antiphon_api::events::EVENTS;

use super::{Told, ids_named};

type Members = BTreeMap<i64, BTreeSet<i64>>;

/// The members of everything. Events come in log order, from the first on.
#[derive(Default)]
pub(in crate::oracle) struct Rooms {
    workspaces: Members,
    channels: Members,
}

impl Rooms {
    /// Takes in an event and checks that exactly the right people hear it.
    pub(in crate::oracle) fn hear(&mut self, told: &Told) {
        let (space, channel, user) = (
            id("workspace_id", told),
            id("channel_id", told),
            id("user_id", told),
        );
        let expected = match told.kind() {
            "workspace.added" => self.add_to_workspace(told),
            "channel.added" => self.add_to_channel(told),
            "workspace.member_joined" => holding(&self.workspaces, space, user, told),
            "channel.member_joined" => holding(&self.channels, channel, user, told),
            "workspace.member_left" => without(&mut self.workspaces, space, user, told),
            "channel.member_left" => without(&mut self.channels, channel, user, told),
            "workspace.removed" => outside(&self.workspaces, space, told),
            "channel.removed" => outside(&self.channels, channel, told),
            _ => self.by_words(told),
        };
        assert_eq!(told.to, expected, "{}", told.event);
    }

    /// The audience as the catalogue describes it.
    fn by_words(&self, told: &Told) -> BTreeSet<i64> {
        let info = EVENTS.iter().find(|info| info.name == told.kind());
        match info.map(|info| info.audience) {
            Some("channel members") => members(&self.channels, id("channel_id", told)),
            Some("workspace members") => members(&self.workspaces, id("workspace_id", told)),
            Some("the user") => self.one_user(told),
            other => panic!("say in rooms.rs who hears {}: {other:?}", told.kind()),
        }
    }

    /// Who the newest events leave in a user's rooms: the ids of workspaces and of channels.
    pub(in crate::oracle) fn of(&self, user: i64) -> (Vec<i64>, Vec<i64>) {
        let inside = |members: &Members| {
            let rooms = members.iter().filter(|(_, users)| users.contains(&user));
            rooms.map(|(id, _)| *id).collect()
        };
        (inside(&self.workspaces), inside(&self.channels))
    }

    fn add_to_workspace(&mut self, told: &Told) -> BTreeSet<i64> {
        assert_eq!(told.to.len(), 1, "{}", told.event);
        let workspace = told.data()["workspace"]["id"].as_i64().expect("an id");
        self.workspaces
            .entry(workspace)
            .or_default()
            .extend(&told.to);
        told.to.clone()
    }

    fn add_to_channel(&mut self, told: &Told) -> BTreeSet<i64> {
        let channel = told.data()["channel"]["id"].as_i64().expect("an id");
        let colleagues = members(&self.workspaces, id("workspace_id", told));
        let inside = self.channels.entry(channel).or_default();
        for user in &told.to {
            let event = &told.event;
            assert!(inside.insert(*user), "{user} had it already: {event}");
            assert!(colleagues.contains(user), "{user} is a stranger: {event}");
        }
        told.to.clone()
    }

    /// One alone, who is in the channel if it is about one.
    fn one_user(&self, told: &Told) -> BTreeSet<i64> {
        assert_eq!(told.to.len(), 1, "{}", told.event);
        let mut users = told.to.clone();
        for channel in ids_named("channel_id", told.data()) {
            let inside = members(&self.channels, channel);
            users.retain(|user| inside.contains(user));
        }
        users
    }
}

/// The first id of this name in the event; 0 if there is none.
fn id(field: &str, told: &Told) -> i64 {
    let ids = ids_named(field, told.data());
    ids.first().copied().unwrap_or_default()
}

fn members(of: &Members, id: i64) -> BTreeSet<i64> {
    of.get(&id).cloned().unwrap_or_default()
}

fn holding(of: &Members, id: i64, user: i64, told: &Told) -> BTreeSet<i64> {
    let members = members(of, id);
    let event = &told.event;
    assert!(members.contains(&user), "told before it was added: {event}");
    members
}

fn without(of: &mut Members, id: i64, user: i64, told: &Told) -> BTreeSet<i64> {
    let members = of.entry(id).or_default();
    assert!(members.remove(&user), "was no member: {}", told.event);
    members.clone()
}

fn outside(of: &Members, id: i64, told: &Told) -> BTreeSet<i64> {
    let members = members(of, id);
    assert_eq!(told.to.len(), 1, "{}", told.event);
    told.to.difference(&members).copied().collect()
}
