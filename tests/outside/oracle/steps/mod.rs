//! What calls are made of: for every method of the catalogue a [`Maker`], by family.

mod canvas;
mod channel;
mod events;
mod huddle;
mod message;
mod presence;
mod queries;
mod read;
pub(super) mod references;
mod session;
mod state;
mod thread;
mod token;
mod typing;
mod user;
mod workspace;

use antiphon_test_support::Rng;
use serde_json::{Value, json};

/// A table of each family.
const FAMILIES: &[&[Maker]] = &[
    user::STEPS,
    workspace::STEPS,
    channel::STEPS,
    message::STEPS,
    thread::STEPS,
    read::STEPS,
    typing::STEPS,
    presence::STEPS,
    huddle::STEPS,
    session::STEPS,
    canvas::STEPS,
    token::STEPS,
    events::STEPS,
    state::STEPS,
];

/// Makes calls of one method.
pub(super) struct Maker {
    pub(super) method: &'static str,
    /// How often it is drawn, beside the others.
    pub(super) weight: usize,
    /// Params, with references for what only a run can know.
    pub(super) params: fn(&mut Rng) -> Value,
    /// Called by the operator, not by a user.
    pub(super) by_operator: bool,
    /// The ephemeral event about the caller that it causes.
    pub(super) relays: Option<&'static str>,
}

/// A step that a user takes.
const fn step(method: &'static str, weight: usize, params: fn(&mut Rng) -> Value) -> Maker {
    Maker {
        method,
        weight,
        params,
        by_operator: false,
        relays: None,
    }
}

impl Maker {
    const fn by_operator(mut self) -> Self {
        self.by_operator = true;
        self
    }

    const fn relaying(mut self, event: &'static str) -> Self {
        self.relays = Some(event);
        self
    }
}

pub(super) fn all() -> impl Iterator<Item = &'static Maker> {
    FAMILIES.iter().copied().flatten()
}

pub(super) fn of(method: &str) -> Option<&'static Maker> {
    all().find(|maker| maker.method == method)
}

pub(super) fn draw(rng: &mut Rng) -> &'static Maker {
    let mut left = rng.below(all().map(|maker| maker.weight).sum());
    all()
        .find(|maker| {
            let drawn = left < maker.weight;
            left = left.saturating_sub(maker.weight);
            drawn
        })
        .expect("the weights were summed")
}

/// Makes one of the params wrong, or adds one that nobody knows.
pub(super) fn spoil(params: &mut Value, rng: &mut Rng) {
    let fields = params.as_object_mut().expect("params are an object");
    let names: Vec<String> = fields.keys().cloned().collect();
    if names.is_empty() || rng.chance(20) {
        fields.insert("surplus".to_owned(), json!(1));
        return;
    }
    let wrong = json!([null, -1, 0, "x", "", [], {}, 9_007_199_254_740_992_i64]);
    let name = rng.pick(&names).clone();
    if rng.chance(20) {
        fields.remove(&name);
    } else {
        let index = rng.below(wrong.as_array().map_or(1, Vec::len));
        fields.insert(name, wrong[index].clone());
    }
}

/// No params.
fn none(_: &mut Rng) -> Value {
    json!({})
}

/// One of what a query of [`references`] finds when the call is made.
fn one_of(query: &str, rng: &mut Rng) -> Value {
    assert!(references::exists(query), "no query is called {query}");
    json!({ "$one_of": query, "nth": rng.below(1_000) })
}

/// One of the first, mostly, else of the second.
fn mostly(usual: &str, other: &str, rng: &mut Rng) -> Value {
    let query = if rng.chance(85) { usual } else { other };
    one_of(query, rng)
}

/// What stands at a JSON pointer in one of the results that a method gave so far.
fn result_of(method: &str, at: &str, rng: &mut Rng) -> Value {
    json!({ "$result_of": method, "at": at, "nth": rng.below(1_000) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use antiphon_api::methods::METHODS;
    use antiphon_test_support::Rng;

    #[test]
    fn every_method_has_one_maker_of_steps() {
        let mut makers = BTreeMap::<&str, usize>::new();
        for maker in super::all() {
            assert!(maker.weight > 0, "{} is never drawn", maker.method);
            *makers.entry(maker.method).or_default() += 1;
        }
        let expected: BTreeMap<&str, usize> =
            METHODS.iter().map(|method| (method.name, 1)).collect();
        assert_eq!(makers, expected, "see the head of oracle/mod.rs");
    }

    #[test]
    fn every_maker_makes_params_whatever_it_draws() {
        for maker in super::all() {
            let mut rng = Rng::new(7);
            for _ in 0..100 {
                let params = (maker.params)(&mut rng);
                assert!(params.is_object(), "{}: {params}", maker.method);
            }
        }
    }
}
