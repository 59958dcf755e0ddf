//! Carries out a plan and checks what there is to check on the way.

use std::collections::BTreeMap;

use antiphon_api::{Kind, ids::Pos, methods::METHODS};
use antiphon_test_support::Rng;
use serde_json::Value;

use super::{
    catalogue::Catalogue,
    checks::{
        Told, counts,
        delivery::{Delivery, Relaying, World},
        equation::History,
        introduced,
        rooms::Rooms,
    },
    plan::{Call, Plan, Route, Seat, Step, TABS, USERS},
    schemas::Schemas,
    stage::{Outcome, Stage, call},
    steps::{
        self,
        references::{Lookup, Results},
    },
    tab::Tab,
};

/// How many results of each method are kept for references.
const KEPT_RESULTS: usize = 16;

pub(super) struct Play {
    stage: Stage,
    tabs: BTreeMap<Seat, Tab>,
    rng: Rng,
    glances: usize,
    schemas: Schemas,
    catalogue: Catalogue,
    history: History,
    /// The whole log, up to the last look.
    told: Vec<Told>,
    rooms: Rooms,
    delivery: Delivery,
    results: Results,
    /// Calls with a key that were carried out, and their results.
    keyed: Vec<(Made, Value)>,
    relaying: Vec<Relaying>,
}

/// A call with its references looked up.
#[derive(Clone, Debug)]
struct Made {
    caller: i64,
    method: String,
    params: Value,
    route: Route,
}

/// Plays the whole plan; panics where it fails.
pub(super) async fn play(plan: &Plan) -> Catalogue {
    let mut play = Play::begin(plan).await;
    for step in &plan.steps {
        play.step(step).await;
    }
    play.end().await
}

impl Play {
    async fn begin(plan: &Plan) -> Self {
        let seats = (1..=USERS).flat_map(|user| (0..TABS).map(move |number| Seat { user, number }));
        let mut play = Self {
            stage: Stage::set().await,
            tabs: seats.map(|seat| (seat, Tab::new(seat))).collect(),
            rng: Rng::new(plan.seed),
            glances: plan.glances,
            schemas: Schemas::of_document(),
            catalogue: Catalogue::default(),
            history: History::default(),
            told: Vec::new(),
            rooms: Rooms::default(),
            delivery: Delivery::default(),
            results: Results::new(),
            keyed: Vec::new(),
            relaying: Vec::new(),
        };
        play.look().await;
        play
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Call(call) => self.call(call).await,
            Step::Repeat { nth } => self.repeat(*nth).await,
            Step::Look => return self.look().await,
            Step::RestartServer => self.stage.restart_server(),
            Step::RestartGateway => self.stage.restart_gateway(),
            Step::Disconnect(seat) => {
                let tab = self.tab(*seat);
                tab.present = false;
                tab.leave();
            }
            Step::Connect(seat) => self.connect(*seat).await,
            Step::Reload(seat) => {
                self.tab(*seat).reload();
                self.connect(*seat).await;
            }
            Step::Visibility {
                user,
                number,
                state,
            } => {
                let seat = Seat {
                    user: *user,
                    number: *number,
                };
                let tab = self.tabs.get_mut(&seat).expect("is one of the seats");
                if tab.present {
                    tab.show(&self.stage, *state).await;
                }
            }
        }
        self.glance().await;
    }

    fn tab(&mut self, seat: Seat) -> &mut Tab {
        self.tabs.get_mut(&seat).expect("is one of the seats")
    }

    async fn connect(&mut self, seat: Seat) {
        let tab = self.tabs.get_mut(&seat).expect("is one of the seats");
        tab.present = true;
        tab.catch_up(&self.stage, Pos::MIN).await;
    }

    async fn call(&mut self, call: &Call) {
        let lookup = Lookup {
            database: &self.stage.reader,
            results: &self.results,
            caller: call.caller,
        };
        let mut made = Made {
            caller: call.caller,
            method: call.method.clone(),
            params: lookup.resolve(&call.params),
            route: call.route,
        };
        let is_mutation = METHODS
            .iter()
            .any(|method| method.name == made.method && method.kind == Kind::Mutation);
        let key = call.key.as_ref().filter(|_| is_mutation);
        if let Some(key) = key {
            made.params["idempotency_key"] = key.as_str().into();
        }
        let before = self.stage.head();
        let outcome = self.carry_out(&made).await;
        self.judge(&made, &outcome, before);
        if let (Outcome::Done(result), Some(_)) = (outcome, key) {
            self.keyed.push((made, result));
        }
    }

    async fn carry_out(&mut self, made: &Made) -> Outcome {
        let Made {
            caller,
            method,
            params,
            route,
        } = made;
        match route {
            Route::Server => call(&self.stage.server(*caller), method, params).await,
            Route::Gateway => call(&self.stage.gateway(*caller), method, params).await,
            Route::Tab(number) => {
                let seat = Seat {
                    user: *caller,
                    number: *number,
                };
                match self.tabs.get_mut(&seat) {
                    Some(tab) if tab.present => tab.call(&self.stage, method, params).await,
                    _ => call(&self.stage.server(*caller), method, params).await,
                }
            }
        }
    }

    /// The answer is as the document says; a refused call changed nothing.
    fn judge(&mut self, made: &Made, outcome: &Outcome, before: i64) {
        let method = made.method.as_str();
        let is_public = self.schemas.has_method(method);
        self.catalogue
            .called(method, matches!(outcome, Outcome::Done(_)));
        match outcome {
            Outcome::Done(result) => {
                if is_public {
                    self.schemas.check_result(method, result);
                }
                for event in self.events_since(before) {
                    self.catalogue.caused(method, &event);
                }
                let maker = steps::of(method);
                self.relaying.extend(maker.and_then(|maker| {
                    Some(Relaying {
                        method: maker.method,
                        event: maker.relays?,
                        caller: made.caller,
                        head: before,
                    })
                }));
                let kept = self.results.entry(method.to_owned()).or_default();
                kept.truncate(KEPT_RESULTS - 1);
                kept.insert(0, result.clone());
            }
            Outcome::Refused(error) => {
                if is_public {
                    self.schemas.check_error(method, error.code);
                }
                let events = self.events_since(before);
                assert!(
                    events.is_empty(),
                    "{made:?} is refused and caused {events:?}"
                );
            }
            Outcome::Unknown => {}
        }
    }

    fn events_since(&self, before: i64) -> Vec<String> {
        let mut statement = self
            .stage
            .reader
            .prepare_cached("SELECT event ->> 'type' FROM log WHERE pos > ?1")
            .expect("is SQL");
        let kinds = statement.query_map([before], |row| row.get(0));
        let kinds = kinds.and_then(Iterator::collect);
        kinds.expect("the log can be read")
    }

    /// The same key again: the same result, and nothing happens.
    async fn repeat(&mut self, nth: usize) {
        let Some(index) = nth.checked_rem(self.keyed.len()) else {
            return;
        };
        let (made, result) = self.keyed[index].clone();
        let before = self.stage.head();
        let again = self.carry_out(&made).await;
        if again != Outcome::Unknown {
            assert_eq!(again, Outcome::Done(result), "{made:?} again");
        }
        assert_eq!(self.events_since(before), Vec::<String>::new(), "{made:?}");
    }

    /// A few snapshots.
    async fn glance(&mut self) {
        for user in 1..=USERS {
            if self.rng.chance(self.glances) {
                let snapshot = self.stage.snapshot(user).await;
                self.history.add(user, snapshot);
            }
        }
    }

    /// Everybody's snapshot, and every tab that is there, at the log's head.
    async fn look(&mut self) {
        let head = self.stage.head();
        for user in 1..=USERS {
            let snapshot = self.stage.snapshot(user).await;
            assert_eq!(snapshot.pos.get(), head, "nothing happens meanwhile");
            self.history.add(user, snapshot);
        }
        let database = self.stage.database();
        let from = self.told.last().map(|told| told.pos);
        let new = Told::since(from, &database);
        for told in &new {
            self.schemas.check_event(told.kind(), told.data());
            self.rooms.hear(told);
        }
        self.told.extend(new);
        let world = World {
            told: &self.told,
            relaying: &self.relaying,
            database: &database,
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
        for Relaying {
            method,
            event,
            caller,
            ..
        } in &self.relaying
        {
            let is_it =
                |frame: &Value| frame["type"] == *event && frame["data"]["user_id"] == *caller;
            if relayed.iter().any(is_it) {
                self.catalogue.caused(method, event);
            }
        }
        for user in 1..=USERS {
            let (_, equation) = self.history.newest(user);
            counts::check(&database.connection, user, equation);
            let workspaces: Vec<i64> = equation.workspaces.iter().map(|it| it.id.get()).collect();
            let channels: Vec<i64> = equation.channels.iter().map(|it| it.id.get()).collect();
            assert_eq!((workspaces, channels), self.rooms.of(user), "user {user}");
        }
    }

    /// Brings every tab back and gives each a last event, so that whatever came to it before that
    /// has come; then holds everything against everything.
    async fn end(mut self) -> Catalogue {
        for tab in self.tabs.values_mut() {
            tab.present = true;
        }
        self.look().await;
        for user in 1..=USERS {
            let params = serde_json::json!({ "name": "the last word" });
            let made = call(&self.stage.server(user), "workspace.create", &params).await;
            assert!(matches!(made, Outcome::Done(_)), "{made:?}");
        }
        self.look().await;
        introduced::check(&self.told);
        self.history.check(&self.told);
        self.catalogue
    }
}
