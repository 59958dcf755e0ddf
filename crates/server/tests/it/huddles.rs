//! Huddles: who is in them, what is heard of it, and that nobody stays behind as a ghost.

use serde_json::{Value, json};

use crate::support::{Heard, House, Link, call, must};

/// Users 1 to 3 in workspace 1 with channels 1 and 2, all in both.
async fn talkers() -> House {
    let house = House::of(3).await;
    let ada = house.user(1);
    must(&ada, "workspace.create", json!({ "name": "w" })).await;
    for user in [2, 3] {
        let params = json!({ "workspace_id": 1, "user_id": user });
        must(&ada, "workspace.add_member", params).await;
    }
    for channel in [1, 2] {
        let params = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
        must(&ada, "channel.create", params).await;
        for user in [2, 3] {
            let params = json!({ "channel_id": channel });
            must(&house.user(user), "channel.join", params).await;
        }
    }
    house
}

async fn start(house: &House, user: i64, channel: i64) -> Value {
    let params = json!({ "channel_id": channel });
    must(&house.user(user), "huddle.start", params).await
}

async fn leave(house: &House, user: i64, huddle: i64, lease: &Value) {
    let mut params = json!({ "huddle_id": huddle });
    if !lease.is_null() {
        params["lease"] = lease.clone();
    }
    must(&house.user(user), "huddle.leave", params).await;
}

/// In id order, as two may join within a millisecond.
fn users(huddle: &Value) -> Vec<i64> {
    let participants = huddle["participants"].as_array().expect("participants");
    let ids = participants.iter().map(|one| one["user_id"].as_i64());
    let mut ids: Vec<i64> = ids.collect::<Option<_>>().expect("ids");
    ids.sort_unstable();
    ids
}

/// Who is in the huddle of each channel, by id, as a user sees it.
async fn active(house: &House, user: i64) -> Vec<(i64, Vec<i64>)> {
    let listed = must(&house.user(user), "huddle.list_active", json!({})).await;
    let snapshot = must(&house.user(user), "state.snapshot", json!({})).await;
    assert_eq!(listed["huddles"], snapshot["huddles"]);
    let huddles = listed["huddles"].as_array().expect("huddles");
    let of = |huddle: &Value| {
        (
            huddle["channel_id"].as_i64().unwrap_or_default(),
            users(huddle),
        )
    };
    huddles.iter().map(of).collect()
}

/// What is heard of huddles from `house` up to now, each as type, audience and, of an end, reason.
async fn heard(house: &House, link: &mut Link) -> Vec<(String, Vec<i64>, Value)> {
    let health = must(&house.operator(), "server.health", json!({})).await;
    let head = antiphon_api::ids::Pos(health["head"].as_i64().expect("a position"));
    let heard = link.until(head).await;
    let of_huddles = heard
        .iter()
        .filter(|heard| heard.kind().starts_with("huddle."));
    let told = |heard: &Heard| {
        let said = match heard.kind() {
            "huddle.ended" => heard.data()["reason"].clone(),
            _ => json!(users(&heard.data()["huddle"])),
        };
        (heard.kind().to_owned(), heard.to.clone(), said)
    };
    of_huddles.map(told).collect()
}

fn told(kind: &str, to: &[i64], said: Value) -> (String, Vec<i64>, Value) {
    (kind.to_owned(), to.to_vec(), said)
}

#[tokio::test]
async fn a_huddle_lasts_from_its_first_participant_to_its_last_and_the_channel_hears_it() {
    let house = talkers().await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    let begun = start(&house, 1, 1).await;
    assert_eq!(
        begun["livekit"],
        Value::Null,
        "without LiveKit it is a room to be in"
    );
    let joined = start(&house, 2, 1).await;
    assert_eq!(joined["huddle"]["id"], begun["huddle"]["id"]);
    let params = json!({ "huddle_id": 1, "hand": true, "muted": true });
    let changed = must(&house.user(2), "huddle.update", params.clone()).await;
    assert_eq!(changed["huddle"]["revision"], 3);
    let again = must(&house.user(2), "huddle.update", params).await;
    assert_eq!(again, changed, "nothing changes twice");
    leave(&house, 1, 1, &begun["lease"]).await;
    leave(&house, 2, 1, &Value::Null).await;
    assert_eq!(active(&house, 3).await, []);
    let all = [1, 2, 3];
    assert_eq!(
        heard(&house, &mut link).await,
        [
            told("huddle.started", &all, json!([1])),
            told("huddle.updated", &all, json!([1, 2])),
            told("huddle.updated", &all, json!([1, 2])),
            told("huddle.updated", &all, json!([2])),
            told("huddle.ended", &all, json!("left")),
        ]
    );
}

#[tokio::test]
async fn who_joins_another_huddle_leaves_the_first() {
    let house = talkers().await;
    start(&house, 1, 1).await;
    start(&house, 2, 1).await;
    start(&house, 2, 2).await;
    assert_eq!(active(&house, 3).await, [(1, vec![1]), (2, vec![2])]);
    start(&house, 1, 2).await;
    assert_eq!(active(&house, 3).await, [(2, vec![1, 2])]);
}

#[tokio::test]
async fn a_leave_that_is_repeated_or_comes_before_the_join_is_answered_and_leaves_no_ghost() {
    let house = talkers().await;
    leave(&house, 1, 1, &Value::Null).await;
    leave(&house, 1, 1, &json!(1)).await;
    let begun = start(&house, 1, 1).await;
    for _ in 0..2 {
        leave(&house, 1, 1, &begun["lease"]).await;
        assert_eq!(active(&house, 2).await, []);
    }
}

#[tokio::test]
async fn a_late_leave_of_the_old_connection_does_not_end_the_stay_of_the_new_one() {
    let house = talkers().await;
    let old = start(&house, 1, 1).await;
    let new = start(&house, 1, 1).await;
    assert!(new["lease"].as_i64() > old["lease"].as_i64());
    assert_eq!(new["huddle"]["participants"], old["huddle"]["participants"]);
    leave(&house, 1, 1, &old["lease"]).await;
    assert_eq!(active(&house, 2).await, [(1, vec![1])]);
    let renew = |lease: &Value| json!({ "huddle_id": 1, "lease": lease });
    let renewed = must(&house.user(1), "huddle.renew", renew(&new["lease"])).await;
    assert!(renewed["expires_at"].is_i64());
    let refused = call(&house.user(1), "huddle.renew", renew(&old["lease"])).await;
    assert_eq!(refused.expect_err("is old").data["entity"], "lease");
    leave(&house, 1, 1, &new["lease"]).await;
    assert_eq!(active(&house, 2).await, []);
}

#[tokio::test]
async fn who_joins_again_does_not_show_a_screen_that_the_old_tab_showed() {
    let house = talkers().await;
    start(&house, 1, 1).await;
    let params = json!({ "huddle_id": 1, "screen": true });
    must(&house.user(1), "huddle.update", params).await;
    let again = start(&house, 1, 1).await;
    assert_eq!(again["huddle"]["participants"][0]["screen"], false);
    assert_eq!(again["huddle"]["revision"], 3);
}

#[tokio::test]
async fn who_was_in_a_huddle_when_the_server_ended_is_not_busy_and_can_go_on_or_join() {
    let house = talkers().await;
    let ada = start(&house, 1, 1).await;
    start(&house, 2, 1).await;
    let house = house.restart().await;
    assert_eq!(active(&house, 3).await, [(1, vec![1, 2])]);
    let params = json!({ "huddle_id": 1, "lease": ada["lease"] });
    must(&house.user(1), "huddle.renew", params).await;
    start(&house, 2, 2).await;
    assert_eq!(active(&house, 3).await, [(1, vec![1]), (2, vec![2])]);
}

#[tokio::test]
async fn who_leaves_the_channel_or_the_workspace_is_out_of_its_huddle_and_the_others_hear_it() {
    let house = talkers().await;
    for user in [1, 2, 3] {
        start(&house, user, 1).await;
    }
    let (mut link, _) = Link::open(&house, "g", None).await;
    let params = json!({ "channel_id": 1, "user_id": 2 });
    must(&house.user(1), "channel.remove_member", params).await;
    let params = json!({ "workspace_id": 1, "user_id": 3 });
    must(&house.user(1), "workspace.remove_member", params).await;
    assert_eq!(active(&house, 1).await, [(1, vec![1])]);
    assert_eq!(active(&house, 2).await, [], "they do not see it any more");
    must(&house.user(1), "channel.leave", json!({ "channel_id": 1 })).await;
    must(&house.user(2), "channel.join", json!({ "channel_id": 1 })).await;
    assert_eq!(active(&house, 2).await, []);
    assert_eq!(
        heard(&house, &mut link).await,
        [
            told("huddle.updated", &[1, 3], json!([1, 3])),
            told("huddle.updated", &[1], json!([1])),
            told("huddle.ended", &[], json!("channel")),
        ]
    );
}

#[tokio::test]
async fn who_joins_a_channel_is_shown_the_huddle_that_goes_on_in_it() {
    let house = talkers().await;
    must(&house.user(3), "channel.leave", json!({ "channel_id": 1 })).await;
    start(&house, 1, 1).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    must(&house.user(3), "channel.join", json!({ "channel_id": 1 })).await;
    let shown = told("huddle.started", &[3], json!([1]));
    assert_eq!(heard(&house, &mut link).await, [shown]);
    assert_eq!(active(&house, 3).await, [(1, vec![1])]);
}

#[tokio::test]
async fn a_huddle_that_is_ended_for_everybody_is_over_for_everybody() {
    let house = talkers().await;
    start(&house, 2, 1).await;
    start(&house, 3, 1).await;
    let (mut link, _) = Link::open(&house, "g", None).await;
    must(&house.user(2), "huddle.end", json!({ "huddle_id": 1 })).await;
    assert_eq!(active(&house, 3).await, []);
    let over = told("huddle.ended", &[1, 2, 3], json!("ended"));
    assert_eq!(heard(&house, &mut link).await, [over]);
    let next = start(&house, 3, 1).await;
    assert_eq!(next["huddle"]["id"], 2, "ids are not used twice");
}

#[tokio::test]
async fn fifty_people_are_in_a_huddle_and_the_next_is_refused_where_they_are() {
    let house = House::of(51).await;
    let ada = house.user(1);
    must(&ada, "workspace.create", json!({ "name": "w" })).await;
    let params = json!({ "workspace_id": 1, "kind": "public", "name": "c" });
    must(&ada, "channel.create", params).await;
    for user in 1..=51 {
        let params = json!({ "workspace_id": 1, "user_id": user });
        if user > 1 {
            must(&ada, "workspace.add_member", params).await;
        }
        must(
            &house.user(user),
            "channel.join",
            json!({ "channel_id": 1 }),
        )
        .await;
        if user < 51 {
            start(&house, user, 1).await;
        }
    }
    let params = json!({ "channel_id": 1 });
    let refused = call(&house.user(51), "huddle.start", params).await;
    assert_eq!(refused.expect_err("is full").data["limit"], 50);
    start(&house, 50, 1).await;
    leave(&house, 50, 1, &Value::Null).await;
    start(&house, 51, 1).await;
}
