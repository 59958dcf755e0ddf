//! What is held against what, now and then and at the end.

use antiphon_api::ids::Pos;
use serde_json::{Value, json};

use super::{Play, USERS};
use crate::{
    database::Database,
    oracle::{
        catalogue::Catalogue,
        checks::{Told, counts, delivery::World, holdings, introduced, replay, revisions},
        stage::{Outcome, call},
    },
};

impl Play {
    /// A few snapshots.
    pub(super) async fn glance(&mut self) {
        self.stage.hold_seats().await;
        for user in 1..=USERS {
            if self.rng.chance(self.glances) {
                let snapshot = self.stage.snapshot(user).await;
                self.history.add(user, snapshot);
            }
        }
    }

    /// Everybody's snapshot, and every tab that is there, at the log's head.
    pub(super) async fn look(&mut self) {
        let head = self.stage.head();
        for user in 1..=USERS {
            let snapshot = self.stage.snapshot(user).await;
            assert_eq!(snapshot.pos.get(), head, "nothing happens meanwhile");
            self.history.add(user, snapshot);
        }
        let from = self.told.last().map(|told| told.pos);
        let database = self.stage.database();
        self.told.extend(Told::since(from, &database));
        for told in self.told.iter().filter(|told| Some(told.pos) > from) {
            self.schemas.check_event(told.kind(), told.data());
            self.rooms.hear(told);
            self.documents.hear(told);
        }
        self.rooms.check_mentions();
        self.documents.check(&database.connection);
        let relayed = self.look_at_tabs(&database).await;
        self.credit(from, &relayed);
        let one = i64::try_from(self.told.len()).expect("is small") % USERS;
        self.ask_everything(1 + one).await;
        for user in 1..=USERS {
            let (_, equation) = self.history.newest(user);
            counts::check(&database.connection, user, equation);
            holdings::check(&database.connection, user, equation);
            let workspaces = equation.workspaces.iter().map(|it| it.id.get()).collect();
            let channels = equation.channels.iter().map(|it| it.id.get()).collect();
            let rooms: (Vec<i64>, Vec<i64>) = (workspaces, channels);
            assert_eq!(rooms, self.rooms.of(user), "user {user}");
        }
    }

    /// Lets every tab that is there hear all there is. Returns the ephemeral events.
    async fn look_at_tabs(&mut self, database: &Database) -> Vec<Value> {
        let world = World {
            told: &self.told,
            relaying: self.one_at_a_time.then_some(&self.relaying),
            database,
        };
        let mut relayed = Vec::new();
        for tab in self.tabs.values_mut().filter(|tab| tab.present) {
            let user = tab.seat.user;
            let last = self.told.iter().rfind(|told| told.to.contains(&user));
            let last = last.map_or(Pos::MIN, |told| told.pos);
            tab.catch_up(&self.stage, last).await;
            for heard in &tab.heard {
                let kind = heard.frame["type"].as_str().unwrap_or_default();
                self.catalogue.heard(kind);
            }
            relayed.extend(self.delivery.check(tab, &world, &self.schemas));
            let (pos, equation) = self.history.newest(user);
            assert_eq!(&tab.state().equation(), equation, "{:?} at {pos}", tab.seat);
        }
        relayed
    }

    /// What was relayed since a position, was caused by the calls since then that relay such.
    fn credit(&mut self, from: Option<Pos>, relayed: &[Value]) {
        let calls = self.relaying.iter();
        for call in calls.filter(|call| Some(Pos(call.head)) >= from) {
            let is_it = |frame: &&Value| {
                frame["type"] == call.event && frame["data"]["user_id"] == call.caller
            };
            if relayed.iter().any(|frame| is_it(&frame)) {
                self.catalogue.caused(call.method, call.event);
            }
        }
    }

    /// Brings every tab back and gives each a last event, so that whatever came to it before that
    /// has come; then holds everything against everything.
    pub(super) async fn end(mut self) -> Catalogue {
        for tab in self.tabs.values_mut() {
            tab.present = true;
        }
        self.look().await;
        for user in 1..=USERS {
            let params = json!({ "name": "the last word" });
            let made = call(&self.stage.server(user), "workspace.create", &params).await;
            assert!(matches!(made, Outcome::Done(_)), "{made:?}");
        }
        self.look().await;
        introduced::check(&self.told);
        revisions::check(&self.told);
        self.history.check(&self.told);
        for user in 1..=USERS {
            replay::check(&self.stage.server(0), user, &self.told).await;
        }
        self.catalogue
    }
}
