//! Who is where, told by the events alone, and so who may hear each of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::Heard;

type Members = BTreeMap<i64, BTreeSet<i64>>;

/// The members of everything. Events come in log order, from the first on.
#[derive(Default)]
pub(super) struct Rooms {
    pub(super) workspaces: Members,
    pub(super) channels: Members,
    /// The workspace of each channel.
    home: BTreeMap<i64, i64>,
}

impl Rooms {
    /// Takes in an event and checks that exactly the right people hear it.
    pub(super) fn hear(&mut self, heard: &Heard) {
        let data = heard.data();
        let id = |field: &str| data[field].as_i64().unwrap_or_default();
        let (space, channel, user) = (id("workspace_id"), id("channel_id"), id("user_id"));
        let of_message = data["message"]["channel_id"].as_i64().unwrap_or_default();
        let to: BTreeSet<i64> = heard.to.iter().copied().collect();
        let rising = heard.to.is_sorted_by(|one, other| one < other);
        assert!(rising, "recipients are in order and once: {heard:?}");
        let expected = match heard.kind() {
            "workspace.added" => self.add_to_workspace(heard),
            "channel.added" => self.add_to_channel(heard),
            "workspace.member_joined" => holding(&self.workspaces, space, user, heard),
            "channel.member_joined" => holding(&self.channels, channel, user, heard),
            "workspace.member_left" => without(&mut self.workspaces, space, user, heard),
            "channel.member_left" => without(&mut self.channels, channel, user, heard),
            "workspace.removed" => outside(&self.workspaces, space, heard),
            "channel.removed" => outside(&self.channels, channel, heard),
            "message.created" | "message.updated" => members(&self.channels, of_message),
            "message.deleted" => members(&self.channels, channel),
            "read.updated" => self.reader(heard),
            "canvas.created" | "canvas.updated" | "canvas.restored" => {
                let of_canvas = data["canvas"]["channel_id"].as_i64().unwrap_or_default();
                members(&self.channels, of_canvas)
            }
            "canvas.deleted" => members(&self.channels, channel),
            "token.issued" => data["token"]["user_id"].as_i64().into_iter().collect(),
            "token.revoked" => BTreeSet::from([user]),
            other => panic!("who hears {other}?"),
        };
        assert_eq!(to, expected, "{heard:?}");
    }

    fn add_to_workspace(&mut self, heard: &Heard) -> BTreeSet<i64> {
        assert_eq!(heard.to.len(), 1, "{heard:?}");
        let id = heard.data()["workspace"]["id"].as_i64().unwrap_or_default();
        self.workspaces.entry(id).or_default().extend(&heard.to);
        heard.to.iter().copied().collect()
    }

    fn add_to_channel(&mut self, heard: &Heard) -> BTreeSet<i64> {
        let channel = &heard.data()["channel"];
        let id = channel["id"].as_i64().unwrap_or_default();
        let home = channel["workspace_id"].as_i64().unwrap_or_default();
        self.home.insert(id, home);
        let colleagues = members(&self.workspaces, home);
        let known = self.channels.entry(id).or_default();
        for user in &heard.to {
            assert!(known.insert(*user), "{user} had it already: {heard:?}");
            assert!(colleagues.contains(user), "{user} is a stranger: {heard:?}");
        }
        heard.to.iter().copied().collect()
    }

    fn reader(&self, heard: &Heard) -> BTreeSet<i64> {
        let channel = heard.data()["read"]["channel_id"].as_i64();
        let inside = members(&self.channels, channel.unwrap_or_default());
        assert_eq!(heard.to.len(), 1, "{heard:?}");
        heard
            .to
            .iter()
            .copied()
            .filter(|user| inside.contains(user))
            .collect()
    }

    /// What of one kind a user is in.
    pub(super) fn of(members: &Members, user: i64) -> Vec<i64> {
        let inside = members.iter().filter(|(_, users)| users.contains(&user));
        inside.map(|(id, _)| *id).collect()
    }
}

fn members(of: &Members, id: i64) -> BTreeSet<i64> {
    of.get(&id).cloned().unwrap_or_default()
}

fn holding(of: &Members, id: i64, user: i64, heard: &Heard) -> BTreeSet<i64> {
    let members = members(of, id);
    assert!(
        members.contains(&user),
        "told before it was added: {heard:?}"
    );
    members
}

fn without(of: &mut Members, id: i64, user: i64, heard: &Heard) -> BTreeSet<i64> {
    let members = of.entry(id).or_default();
    assert!(members.remove(&user), "was no member: {heard:?}");
    members.clone()
}

fn outside(of: &Members, id: i64, heard: &Heard) -> BTreeSet<i64> {
    let members = members(of, id);
    assert_eq!(heard.to.len(), 1, "{heard:?}");
    heard
        .to
        .iter()
        .copied()
        .filter(|user| !members.contains(user))
        .collect()
}
