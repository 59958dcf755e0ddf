//! What the runs reached of the catalogue of methods and events.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_api::{Kind, events::EVENTS, methods::METHODS};

/// What no tab can hear: it is told to somebody who had none before.
const TO_NOBODY_THERE: &str = "user.created";

#[derive(Debug, Default)]
pub(super) struct Catalogue {
    /// The events that each method caused in calls that were carried out.
    caused: BTreeMap<String, BTreeSet<String>>,
    /// The events that tabs heard.
    heard: BTreeSet<String>,
    /// How often each method was called, and how often it was carried out.
    calls: BTreeMap<String, (usize, usize)>,
}

impl Catalogue {
    pub(super) fn called(&mut self, method: &str, carried_out: bool) {
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
        let unheard = EVENTS
            .iter()
            .filter(|event| event.name != TO_NOBODY_THERE && !self.heard.contains(event.name));
        gaps.extend(unheard.map(|event| format!("no tab heard {}", event.name)));
        gaps
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
