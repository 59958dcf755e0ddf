//! Carries out a plan and checks what there is to check on the way.

mod ask;
mod look;

use std::{cell::Cell, collections::BTreeMap};

use antiphon_api::{Kind, ids::Pos, methods::METHODS};
use antiphon_test_support::Rng;
use serde_json::Value;

use super::{
    catalogue::Catalogue,
    checks::{
        Told,
        delivery::{Delivery, Relaying},
        documents::Documents,
        equation::History,
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

/// How many write when all do at once.
const WRITERS: usize = 4;

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
    documents: Documents,
    delivery: Delivery,
    results: Results,
    /// Calls with a key that were carried out, and their results.
    keyed: Vec<(Made, Value)>,
    relaying: Vec<Relaying>,
    /// Whether calls are made one after the other.
    one_at_a_time: bool,
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

/// Plays the calls of the plan alone, four at a time, while somebody looks on; panics where
/// anything does not add up.
pub(super) async fn play_at_once(plan: &Plan) {
    let mut play = Play::begin(plan).await;
    play.one_at_a_time = false;
    let calls: Vec<&Call> = plan.steps.iter().filter_map(Step::as_call).collect();
    let writing = Cell::new(WRITERS);
    let mut history = std::mem::take(&mut play.history);
    let onlooker = async {
        while writing.get() > 0 {
            play.stage.hold_seats().await;
            for user in 1..=USERS {
                history.add(user, play.stage.snapshot(user).await);
            }
        }
    };
    let write = async |number: usize| {
        for call in calls.iter().skip(number).step_by(WRITERS) {
            let made = play.look_up(call);
            play.call_past_tabs(&made).await;
        }
        writing.set(writing.get() - 1);
    };
    tokio::join!(write(0), write(1), write(2), write(3), onlooker);
    play.history = history;
    play.end().await;
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
            documents: Documents::default(),
            delivery: Delivery::default(),
            results: Results::new(),
            keyed: Vec::new(),
            relaying: Vec::new(),
            one_at_a_time: true,
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
                let (user, number) = (*user, *number);
                let tab = self.tabs.get_mut(&Seat { user, number });
                if let Some(tab) = tab.filter(|tab| tab.present) {
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
        let made = self.look_up(call);
        let before = self.stage.head();
        let outcome = self.carry_out(&made).await;
        self.judge(&made, &outcome, before);
        self.weigh(&made, &outcome).await;
        let has_key = made.params.get("idempotency_key").is_some();
        if let (Outcome::Done(result), true) = (outcome, has_key) {
            self.keyed.push((made, result));
        }
    }

    /// The next user calls if the params find nothing for the one who is to, and so on.
    fn look_up(&self, call: &Call) -> Made {
        let found = |caller| {
            let lookup = Lookup {
                database: &self.stage.reader,
                results: &self.results,
                caller,
            };
            lookup.resolve(&call.params)
        };
        let others = (1..USERS).map(|more| 1 + (call.caller - 1 + more) % USERS);
        let others = others.filter(|_| call.caller > 0);
        let mut asked = std::iter::once(call.caller).chain(others);
        let caller = asked.find(|caller| found(*caller).is_whole);
        let caller = caller.unwrap_or(call.caller);
        let mut params = found(caller).params;
        let is_mutation = METHODS
            .iter()
            .any(|method| method.name == call.method && method.kind == Kind::Mutation);
        if let Some(key) = call.key.as_ref().filter(|_| is_mutation) {
            params["idempotency_key"] = key.as_str().into();
        }
        Made {
            caller,
            method: call.method.clone(),
            params,
            route: self.open_route(call.route, caller),
        }
    }

    /// The server's socket in place of a tab that is not there.
    fn open_route(&self, route: Route, user: i64) -> Route {
        match route {
            Route::Tab(number) => {
                let tab = self.tabs.get(&Seat { user, number });
                if tab.is_some_and(|tab| tab.present) {
                    route
                } else {
                    Route::Server
                }
            }
            Route::Server | Route::Gateway => route,
        }
    }

    async fn carry_out(&mut self, made: &Made) -> Outcome {
        if let Route::Tab(number) = made.route {
            let user = made.caller;
            let tab = self.tabs.get_mut(&Seat { user, number });
            if let Some(tab) = tab.filter(|tab| tab.present) {
                return tab.call(&self.stage, &made.method, &made.params).await;
            }
        }
        self.call_past_tabs(made).await
    }

    async fn call_past_tabs(&self, made: &Made) -> Outcome {
        let rpc = match made.route {
            Route::Gateway => self.stage.gateway(made.caller),
            Route::Server | Route::Tab(_) => self.stage.server(made.caller),
        };
        call(&rpc, &made.method, &made.params).await
    }

    /// The answer is as the document says; a refused call changed nothing.
    fn judge(&mut self, made: &Made, outcome: &Outcome, before: i64) {
        let method = made.method.as_str();
        let is_public = self.schemas.has_method(method);
        self.catalogue
            .called(method, made.route, matches!(outcome, Outcome::Done(_)));
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
}
