//! What the server replays from the log is what the user was to hear.

use antiphon_api::{
    ids::{Pos, UserId},
    methods::events::{Replay, ReplayParams, ReplayResult},
};
use antiphon_client::Rpc;
use serde_json::Value;

use super::Told;

/// All of the log but its first event, page by page.
pub(in crate::oracle) async fn check(operator: &Rpc, user: i64, told: &[Told]) {
    let [start, rest @ .., _] = told else {
        panic!("the log has a few events");
    };
    let end = told.last().map_or(start.pos, |told| told.pos);
    let replayed = replay(operator, user, start.pos, end).await;
    let own = rest.iter().chain(told.last());
    let own = own.filter(|told| told.to.contains(&user));
    let own: Vec<(Pos, Value)> = own.map(|told| (told.pos, told.event.clone())).collect();
    assert_eq!(replayed, own, "user {user}");
}

async fn replay(operator: &Rpc, user: i64, start: Pos, through: Pos) -> Vec<(Pos, Value)> {
    let mut all: Vec<(Pos, Value)> = Vec::new();
    loop {
        let params = ReplayParams {
            user_id: UserId(user),
            after: all.last().map_or(start, |(pos, _)| *pos),
            through,
            first: all.is_empty(),
        };
        let page = operator.call::<Replay>(&params).await.expect("replays");
        let ReplayResult::Page { events, more } = page else {
            panic!("refused: {page:?}");
        };
        for event in events {
            let value = serde_json::from_str(event.event.get()).expect("an event is JSON");
            all.push((event.pos, value));
        }
        if !more {
            return all;
        }
    }
}
