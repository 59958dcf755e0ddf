//! Mentions: whom a message names, who is told, and what is counted.

use antiphon_wire::LeaseState::{Hidden, Visible};
use serde_json::json;

use crate::support::{House, Link, Talk, counts, must};

#[tokio::test]
async fn a_name_mentions_a_member_of_the_channel_and_nobody_else() {
    let mut talk = Talk::of(3).await;
    talk.must(3, "channel.leave", json!({ "channel_id": 1 }))
        .await;
    talk.heard().await;
    let sent = talk
        .say(1, "@u2, @u3, @u1 and @u9: see `@u2` and x@u2")
        .await;
    let message = talk.message(sent).await;
    assert_eq!(message["mentions"], json!([2]));
    assert_eq!(message["mentions_everyone"], false);
    let heard = talk.heard().await;
    let told = json!({ "message_id": sent, "channel_id": 1, "author_id": 1, "kind": "user" });
    assert_eq!(
        (heard[1].kind(), heard[1].data()),
        ("mention.created", &told)
    );
    assert_eq!((heard.len(), &heard[1].to), (2, &vec![2]));
    assert_eq!(talk.counts(2).await, (1, 1));
}

#[tokio::test]
async fn the_longest_name_is_meant() {
    let talk = Talk::of(1).await;
    let operator = talk.house.operator();
    for name in ["ann", "ann.lee", "ann."] {
        let user = must(&operator, "user.create", json!({ "name": name })).await;
        let user = &user["user"]["id"];
        let member = json!({ "workspace_id": 1, "user_id": user });
        talk.must(1, "workspace.add_member", member).await;
        let member = json!({ "channel_id": 1, "user_id": user });
        talk.must(1, "channel.add_member", member).await;
    }
    for (body, mentions) in [
        ("@ann", json!([2])),
        ("@ann.lee!", json!([3])),
        ("@ann.lea", json!([2])),
        ("by @ann.", json!([4])),
        ("@ann-.", json!([2])),
        ("@anna @Ann", json!([])),
    ] {
        let sent = talk.say(1, body).await;
        assert_eq!(talk.message(sent).await["mentions"], mentions, "{body}");
    }
}

#[tokio::test]
async fn a_dm_mention_counted_twice_is_counted_once() {
    let talk = Talk::of(2).await;
    let dm = json!({ "workspace_id": 1, "kind": "dm", "peer_ids": [2] });
    talk.must(1, "channel.create", dm).await;
    let params = json!({ "channel_id": 2, "body": "@u2 @u2 @channel @here" });
    let sent = talk.must(1, "message.send", params).await;
    assert_eq!(sent["message"]["mentions"], json!([2]));
    assert_eq!(sent["message"]["mentions_everyone"], true);
    assert_eq!(counts(&talk.snapshot(2, "reads").await[1]), (1, 1));
    assert_eq!(counts(&talk.snapshot(1, "reads").await[1]), (0, 0));
}

#[tokio::test]
async fn everybody_is_told_once_and_a_guest_mentions_nobody_at_once() {
    let mut talk = Talk::of(3).await;
    let guest = json!({ "workspace_id": 1, "user_id": 3 });
    talk.must(1, "workspace.remove_member", guest).await;
    let guest = json!({ "workspace_id": 1, "user_id": 3, "role": "guest" });
    talk.must(1, "workspace.add_member", guest).await;
    let member = json!({ "channel_id": 1, "user_id": 3 });
    talk.must(1, "channel.add_member", member).await;
    talk.heard().await;
    talk.say(1, "@channel").await;
    let told = talk.heard().await;
    assert_eq!((told.len(), told[1].to.clone()), (2, vec![1, 2, 3]));
    assert_eq!(told[1].data()["kind"], "channel");
    let plain = talk.say(3, "@channel @here @u1").await;
    let plain = talk.message(plain).await;
    assert_eq!(plain["mentions_everyone"], false);
    assert_eq!(plain["mentions"], json!([1]));
}

#[tokio::test]
async fn here_mentions_those_who_are_online() {
    let mut talk = Talk::of(5).await;
    let tabs = [
        (1, 1, Visible),
        (2, 2, Visible),
        (3, 3, Hidden),
        (4, 4, Visible),
    ];
    talk.link.leases(true, &tabs).await;
    for _ in tabs {
        talk.link.ephemeral().await;
    }
    let sent = talk.say(1, "@here, @u4").await;
    assert_eq!(talk.message(sent).await["mentions"], json!([2, 4]));
    let told = talk.heard().await;
    let told: Vec<_> = told
        .iter()
        .map(|one| (&one.to[..], one.data()["kind"].as_str()))
        .collect();
    assert_eq!(
        told[1..],
        [(&[4][..], Some("user")), (&[2][..], Some("here"))]
    );
    let alone = talk.say(5, "@here").await;
    assert_eq!(talk.message(alone).await["mentions"], json!([1, 2, 4]));
}

/// A house whose users 2 to `last` were put in channel 1 by hand.
async fn crowd(last: i64) -> House {
    let members = format!(
        "WITH RECURSIVE n (id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < {last})
         INSERT INTO user (id, name, display_name, administrator, created_at)
         SELECT id, 'u' || id, 'u', 0, 1 FROM n;
         INSERT INTO membership (kind, scope_id, to_pos, user_id, from_pos, role)
         SELECT kind, scope_id, to_pos, user.id, from_pos, 'member' FROM membership, user
         WHERE user.id > 1;",
    );
    Talk::of(1).await.house.changed(&members).await
}

#[tokio::test]
async fn more_names_than_a_message_can_mention_are_plain_text_and_audiences_are_split() {
    let house = crowd(300).await;
    let (mut link, _) = Link::open(&house, "crowd", None).await;
    let body: String = (2..=300).map(|user| format!("@u{user} ")).collect();
    let params = json!({ "channel_id": 1, "body": body });
    let sent = must(&house.user(1), "message.send", params).await;
    let expected: Vec<i64> = (2..=257).collect();
    assert_eq!(sent["message"]["mentions"], json!(expected));
    link.envelope().await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(link.envelope().await.to.len());
    }
    assert_eq!(told, [64; 4]);
}

#[tokio::test]
async fn with_too_many_online_here_is_everybody() {
    let house = crowd(300).await;
    let (mut link, _) = Link::open(&house, "crowd", None).await;
    let tabs: Vec<_> = (2..=300)
        .map(|user: i64| (user, user.unsigned_abs(), Visible))
        .collect();
    link.leases(true, &tabs).await;
    for _ in &tabs {
        link.ephemeral().await;
    }
    let params = json!({ "channel_id": 1, "body": "@here" });
    let sent = must(&house.user(1), "message.send", params).await;
    assert_eq!(sent["message"]["mentions"], json!([]));
    assert_eq!(sent["message"]["mentions_everyone"], true);
}
