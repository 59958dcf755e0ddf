//! Who is where, told by the events alone, and so who may hear each of them.
//!
//! What an event does to memberships stands in [`Rooms::hear`]; who hears any other is what the
//! catalogue's words about its audience say, in [`Rooms::by_words`].

use std::collections::{BTreeMap, BTreeSet};

use antiphon_api::{events::EVENTS, ids::UserId};
use serde_json::Value;

use super::{Told, ids_named};

type Members = BTreeMap<i64, BTreeSet<i64>>;

/// The members of everything. Events come in log order, from the first on.
#[derive(Default)]
pub(in crate::oracle) struct Rooms {
    workspaces: Members,
    channels: Members,
    /// The workspace of each channel.
    homes: BTreeMap<i64, i64>,
    /// Those that began.
    huddles: BTreeSet<i64>,
    /// Whom the messages of the log mention and did not tell yet.
    to_be_told: BTreeSet<Mention>,
}

/// A message that mentions a user, or, without one, everybody.
type Mention = (i64, Option<i64>);

impl Rooms {
    /// Takes in an event and checks that exactly the right people hear it.
    pub(in crate::oracle) fn hear(&mut self, told: &Told) {
        let (space, channel, user) = (
            workspace_of(told),
            channel_of(told),
            id("user_id", told).unwrap_or_default(),
        );
        let expected = match told.kind() {
            "workspace.added" => self.add_to_workspace(told),
            "channel.added" => self.add_to_channel(told),
            "workspace.member_joined" => holding(&self.workspaces, space, user, told),
            "channel.member_joined" => holding(&self.channels, channel, user, told),
            "workspace.member_left" => without(&mut self.workspaces, space, user, told),
            "channel.member_left" => without(&mut self.channels, channel, user, told),
            "workspace.removed" if is_the_end(told) => self.end_workspace(space),
            "channel.removed" if is_the_end(told) => ending(&mut self.channels, channel),
            "workspace.removed" => outside(&self.workspaces, space, told),
            "channel.removed" => outside(&self.channels, channel, told),
            "user.updated" => self.colleagues(told),
            "huddle.started" => self.in_its_channel(told),
            "mention.created" => self.mentioned(told),
            "probe.sent" => BTreeSet::from([UserId::PROBE.get()]),
            _ => self.by_words(told),
        };
        assert_eq!(told.to, expected, "{}", told.event);
        if told.kind() == "message.created" {
            self.to_be_told.extend(mentions(&told.data()["message"]));
        }
    }

    /// At the end of a call everybody has been told who is mentioned.
    pub(in crate::oracle) fn check_mentions(&self) {
        assert_eq!(self.to_be_told, BTreeSet::new(), "mentioned and not told");
    }

    /// The audience as the catalogue describes it.
    fn by_words(&self, told: &Told) -> BTreeSet<i64> {
        let info = EVENTS.iter().find(|info| info.name == told.kind());
        match info.map(|info| info.audience) {
            Some("channel members") => members(&self.channels, channel_of(told)),
            Some("workspace members") => members(&self.workspaces, workspace_of(told)),
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
        let workspace = workspace_of(told);
        self.homes.insert(channel, workspace);
        let colleagues = members(&self.workspaces, workspace);
        let inside = self.channels.entry(channel).or_default();
        for user in &told.to {
            let event = &told.event;
            assert!(inside.insert(*user), "{user} had it already: {event}");
            assert!(colleagues.contains(user), "{user} is a stranger: {event}");
        }
        told.to.clone()
    }

    /// A workspace that is deleted: nobody is in it or its channels any more.
    fn end_workspace(&mut self, workspace: i64) -> BTreeSet<i64> {
        let homes = &self.homes;
        self.channels
            .retain(|channel, _| homes.get(channel) != Some(&workspace));
        ending(&mut self.workspaces, workspace)
    }

    /// The user that is told of, and whoever is in a workspace with them.
    fn colleagues(&self, told: &Told) -> BTreeSet<i64> {
        let user = told.data()["user"]["id"].as_i64().expect("an id");
        let shared = self.workspaces.values();
        let shared = shared.filter(|members| members.contains(&user));
        shared.flatten().copied().chain([user]).collect()
    }

    /// All of the channel when the huddle begins, or one who has come into it since.
    fn in_its_channel(&mut self, told: &Told) -> BTreeSet<i64> {
        let huddle = told.data()["huddle"]["id"].as_i64().expect("an id");
        let all = members(&self.channels, channel_of(told));
        if self.huddles.insert(huddle) {
            return all;
        }
        assert_eq!(told.to.len(), 1, "{}", told.event);
        told.to.intersection(&all).copied().collect()
    }

    /// Those the message mentions, each once.
    fn mentioned(&mut self, told: &Told) -> BTreeSet<i64> {
        let message = id("message_id", told).unwrap_or_default();
        let inside = members(&self.channels, channel_of(told));
        if told.data()["kind"] == "channel" {
            let is_said = self.to_be_told.remove(&(message, None));
            assert!(is_said, "names nobody: {}", told.event);
            return inside;
        }
        let users = told.to.iter().copied();
        users
            .filter(|user| self.to_be_told.remove(&(message, Some(*user))))
            .filter(|user| inside.contains(user))
            .collect()
    }

    /// One alone: whom it names, if it does, and who is in the channel if it is about one.
    fn one_user(&self, told: &Told) -> BTreeSet<i64> {
        assert_eq!(told.to.len(), 1, "{}", told.event);
        let mut users = told.to.clone();
        users.retain(|user| id("user_id", told).is_none_or(|named| named == *user));
        for channel in ids_named("channel_id", told.data()) {
            let inside = members(&self.channels, channel);
            users.retain(|user| inside.contains(user));
        }
        users
    }
}

fn mentions(message: &Value) -> impl Iterator<Item = Mention> {
    let id = message["id"].as_i64().expect("an id");
    let users = message["mentions"].as_array().into_iter().flatten();
    let everybody = (message["mentions_everyone"] == true).then_some((id, None));
    users.map(move |user| (id, user.as_i64())).chain(everybody)
}

/// The first id of this name in the event.
fn id(field: &str, told: &Told) -> Option<i64> {
    let ids = ids_named(field, told.data());
    ids.first().copied()
}

/// The workspace that the event carries or names; 0 if there is none.
fn workspace_of(told: &Told) -> i64 {
    let carried = told.data()["workspace"]["id"].as_i64();
    carried
        .or_else(|| id("workspace_id", told))
        .unwrap_or_default()
}

/// The channel that the event carries or names; 0 if there is none.
fn channel_of(told: &Told) -> i64 {
    let carried = told.data()["channel"]["id"].as_i64();
    carried
        .or_else(|| id("channel_id", told))
        .unwrap_or_default()
}

/// Whether the event is about the end of a whole workspace or channel.
fn is_the_end(told: &Told) -> bool {
    let reason = &told.data()["reason"];
    reason == "deleted" || reason == "archived"
}

/// The members that there were.
fn ending(of: &mut Members, id: i64) -> BTreeSet<i64> {
    of.remove(&id).unwrap_or_default()
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
