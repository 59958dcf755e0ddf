//! What the runs reached of the catalogue of methods and events.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_api::{Kind, events::EVENTS, methods::METHODS};

use super::plan::Route;

/// What no tab can hear: it is told to somebody who had none before, or to no user.
const TO_NOBODY_THERE: [&str; 2] = ["user.created", "probe.sent"];

/// What a call goes over.
const WAYS: [&str; 3] = ["rpc.sock", "HTTP", "a WebSocket"];

#[derive(Debug, Default)]
pub(super) struct Catalogue {
    /// The events that each method caused in calls that were carried out.
    caused: BTreeMap<String, BTreeSet<String>>,
    /// The events that tabs heard.
    heard: BTreeSet<String>,
    /// How often each method was called, and how often it was carried out.
    calls: BTreeMap<String, (usize, usize)>,
    /// The families of which a call was carried out, and over what.
    answered: BTreeSet<(String, &'static str)>,
}

impl Catalogue {
    pub(super) fn called(&mut self, method: &str, route: Route, carried_out: bool) {
        if carried_out {
            self.answered.insert((family(method), over(route)));
        }
        let (calls, done) = self.calls.entry(method.to_owned()).or_default();
        *calls += 1;
        *done += usize::from(carried_out);
    }

    pub(super) fn caused(&mut self, method: &str, event: &str) {
        let caused = self.caused.entry(method.to_owned()).or_default();
        caused.insert(event.to_owned());
    }

    pub(super) fn heard(&mut self, event: &str) {
        self.heard.insert(event.to_owned());
    }

    pub(super) fn add(&mut self, other: Self) {
        self.heard.extend(other.heard);
        self.answered.extend(other.answered);
        for (method, events) in other.caused {
            self.caused.entry(method).or_default().extend(events);
        }
        for (method, (calls, done)) in other.calls {
            let sum = self.calls.entry(method).or_default();
            *sum = (sum.0 + calls, sum.1 + done);
        }
    }

    /// What no call and no tab reached; empty when the catalogue is complete.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        for method in METHODS {
            let (calls, done) = self.calls.get(method.name).copied().unwrap_or_default();
            if done == 0 {
                gaps.push(format!(
                    "none of {calls} calls of {} succeeded",
                    method.name
                ));
            } else if method.kind == Kind::Mutation
                && !method.is_internal
                && !self.caused.contains_key(method.name)
            {
                gaps.push(format!("{} caused no event in {done} calls", method.name));
            }
        }
        let unheard = EVENTS.iter().filter(|event| {
            !TO_NOBODY_THERE.contains(&event.name) && !self.heard.contains(event.name)
        });
        gaps.extend(unheard.map(|event| format!("no tab heard {}", event.name)));
        gaps.extend(self.unanswered());
        gaps
    }

    /// The families that did not answer over one of the ways there are.
    fn unanswered(&self) -> impl Iterator<Item = String> {
        let families = METHODS.iter().filter(|method| !method.is_internal);
        let families: BTreeSet<_> = families.map(|method| family(method.name)).collect();
        let ways = families
            .into_iter()
            .flat_map(|family| WAYS.map(|way| (family.clone(), way)));
        ways.filter(|way| !self.answered.contains(way))
            .map(|(family, way)| format!("no call of {family} was carried out over {way}"))
    }

    /// A line for all calls, and one for each method: calls, those carried out, and what they caused.
    pub(super) fn report(&self) -> String {
        let sum = |(all, done), (calls, carried_out)| (all + calls, done + carried_out);
        let (all, done) = self.calls.values().copied().fold((0, 0), sum);
        let line = |(method, (calls, done)): (&String, &(usize, usize))| {
            let events = self.caused.get(method).cloned().unwrap_or_default();
            format!("{method}: {done} of {calls}: {events:?}\n")
        };
        let lines: String = self.calls.iter().map(line).collect();
        format!("{done} of {all} calls were carried out\n{lines}")
    }
}

fn family(method: &str) -> String {
    let (family, _) = method.split_once('.').unwrap_or((method, ""));
    family.to_owned()
}

fn over(route: Route) -> &'static str {
    let [socket, http, tab] = WAYS;
    match route {
        Route::Server => socket,
        Route::Gateway => http,
        Route::Tab(_) => tab,
    }
}
