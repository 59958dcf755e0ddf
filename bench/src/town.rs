//! A server with people in channels, each of whom hears what is said in theirs.
//!
//! Those of one channel share a workspace with nobody else, because all who share one hear of each
//! other's coming and going.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{antiphon, process::Process, rpc::Rpc};

/// Calls in one request.
const BATCH: usize = 100;
/// The administrator of the demo workspace, who makes everything.
const FOUNDER: i64 = 1;

pub(crate) struct Town {
    /// The first of the people; the others follow without a gap.
    pub(crate) first: i64,
    pub(crate) channels: Vec<Channel>,
    _server: Process,
    folder: TempDir,
}

/// A channel, and one who is in it.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    pub(crate) id: i64,
    speaker: i64,
}

impl Town {
    /// Starts a server on a new database, with so many people, so many of them to a channel.
    pub(crate) fn of(people: usize, to_a_channel: usize) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("an-").tempdir()?;
        let data = folder.path().join("data");
        let mut town = Self {
            first: 0,
            channels: Vec::new(),
            _server: antiphon::server(&data)?,
            folder,
        };
        let mut rpc = town.rpc()?;
        let ids = settlers(&mut rpc, people)?;
        town.first = *ids.first().context("nobody was made")?;
        for ids in ids.chunks(to_a_channel) {
            town.channels.push(channel(&mut rpc, ids)?);
        }
        Ok(town)
    }

    /// Where its server's sockets are.
    pub(crate) fn sockets(&self) -> PathBuf {
        self.folder.path().join("data/run")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("data/antiphon.db")
    }

    pub(crate) fn rpc(&self) -> Result<Rpc> {
        Rpc::connect(&self.sockets())
    }
}

impl Channel {
    /// Says something that all who are in it hear.
    pub(crate) fn say(self, rpc: &mut Rpc, body: &str) -> Result<()> {
        let message = json!({ "channel_id": self.id, "body": body });
        rpc.call(Some(self.speaker), "message.send", &message)
            .map(drop)
    }
}

fn settlers(rpc: &mut Rpc, people: usize) -> Result<Vec<i64>> {
    let names: Vec<Value> = (0..people)
        .map(|number| json!({ "name": format!("p{number}") }))
        .collect();
    let mut ids = Vec::new();
    for names in names.chunks(BATCH) {
        let users = rpc.batch(None, "user.create", names)?;
        ids.extend(users.iter().filter_map(|user| user["user"]["id"].as_i64()));
    }
    Ok(ids)
}

fn channel(rpc: &mut Rpc, people: &[i64]) -> Result<Channel> {
    let founder = Some(FOUNDER);
    let made = rpc.call(founder, "workspace.create", &json!({ "name": "bench" }))?;
    let workspace = &made["workspace"]["id"];
    let channel = json!({ "workspace_id": workspace, "kind": "public", "name": "all" });
    let made = rpc.call(founder, "channel.create", &channel)?;
    let channel = &made["channel"]["id"];
    for people in people.chunks(BATCH) {
        let each = |scope: &str, id: &Value| -> Vec<Value> {
            let person = |person| json!({ scope: id, "user_id": person });
            people.iter().map(person).collect()
        };
        rpc.batch(
            founder,
            "workspace.add_member",
            &each("workspace_id", workspace),
        )?;
        rpc.batch(founder, "channel.add_member", &each("channel_id", channel))?;
    }
    Ok(Channel {
        id: channel.as_i64().context("no channel")?,
        speaker: *people.first().context("nobody is in it")?,
    })
}
