//! Search.

use serde_json::{Value, json};

use crate::support::{Talk, must};

async fn found(talk: &Talk, user: i64, params: Value) -> Vec<i64> {
    let found = talk.must(user, "message.search", params).await;
    let hits = found["hits"].as_array().expect("hits").iter();
    hits.map(|hit| hit["message"]["id"].as_i64().expect("an id"))
        .collect()
}

async fn find(talk: &Talk, query: &str) -> Vec<i64> {
    found(talk, 1, json!({ "query": query })).await
}

#[tokio::test]
async fn words_phrases_and_beginnings_are_found_whatever_their_case_and_accents() {
    let talk = Talk::of(1).await;
    let cafe = talk.say(1, "The Café is open today").await;
    let open = talk.say(1, "open the cafeteria").await;
    let reply = talk.reply(1, open, "is it open?").await;
    assert_eq!(find(&talk, "open").await, [reply, open, cafe]);
    assert_eq!(find(&talk, "OPEN cafe").await, [cafe]);
    assert_eq!(find(&talk, "caf*").await, [open, cafe]);
    assert_eq!(find(&talk, "\"is open\"").await, [cafe]);
    assert_eq!(find(&talk, "open OR nothing").await, [0; 0]);
    assert_eq!(find(&talk, "body:open").await, [0; 0]);
}

#[tokio::test]
async fn the_index_follows_edits_and_deletions() {
    let talk = Talk::of(1).await;
    let root = talk.say(1, "apple").await;
    talk.reply(1, root, "apple pie").await;
    talk.must(
        1,
        "message.update",
        json!({ "message_id": root, "body": "pear" }),
    )
    .await;
    assert_eq!(find(&talk, "apple").await, [root + 1]);
    assert_eq!(find(&talk, "pear").await, [root]);
    talk.must(1, "message.delete", json!({ "message_id": root }))
        .await;
    assert_eq!(find(&talk, "pear").await, [0; 0]);
    assert_eq!(find(&talk, "apple").await, [0; 0]);
    // Fails unless the index and the table agree.
    let check = "INSERT INTO message_text (message_text, rank) VALUES ('integrity-check', 1)";
    talk.house.purged().await.changed(check).await;
}

#[tokio::test]
async fn only_what_one_may_read_is_found() {
    let talk = Talk::of(3).await;
    let general = talk.say(1, "secret").await;
    let private = json!({ "workspace_id": 1, "kind": "private", "name": "p" });
    talk.must(1, "channel.create", private).await;
    let params = json!({ "channel_id": 2, "body": "secret" });
    talk.must(1, "message.send", params).await;
    let query = json!({ "query": "secret" });
    assert_eq!(found(&talk, 1, query.clone()).await, [general + 1, general]);
    assert_eq!(found(&talk, 2, query.clone()).await, [general]);
    talk.must(2, "channel.leave", json!({ "channel_id": 1 }))
        .await;
    assert_eq!(found(&talk, 2, query).await, [0; 0]);
    let error = talk
        .refused(
            2,
            "message.search",
            json!({ "query": "secret", "channel_id": 2 }),
        )
        .await;
    assert_eq!(error.code, -32004);
    let error = talk
        .refused(
            2,
            "message.search",
            json!({ "query": "secret", "channel_id": 1 }),
        )
        .await;
    assert_eq!(error.code, -32003);
}

#[tokio::test]
async fn a_search_keeps_to_a_workspace_a_channel_an_author_and_a_page() {
    let talk = Talk::of(2).await;
    talk.must(1, "workspace.create", json!({ "name": "v" }))
        .await;
    let other = json!({ "workspace_id": 2, "kind": "public", "name": "d" });
    talk.must(1, "channel.create", other).await;
    let one = talk.say(1, "word").await;
    let two = talk.say(2, "word").await;
    let sent = talk
        .must(
            1,
            "message.send",
            json!({ "channel_id": 2, "body": "word" }),
        )
        .await;
    let three = sent["message"]["id"].as_i64().expect("an id");
    for (only, expected) in [
        (json!({ "workspace_id": 1 }), vec![two, one]),
        (json!({ "channel_id": 2 }), vec![three]),
        (json!({ "channel_id": 2, "workspace_id": 1 }), vec![]),
        (json!({ "author_id": 2 }), vec![two]),
        (json!({ "before_id": two }), vec![one]),
    ] {
        let mut params = only;
        params["query"] = json!("word");
        assert_eq!(found(&talk, 1, params.clone()).await, expected, "{params}");
    }
    let page = json!({ "query": "word", "limit": 2 });
    let page = talk.must(1, "message.search", page).await;
    assert_eq!(
        (&page["has_more"], &page["next_before_id"]),
        (&json!(true), &json!(two))
    );
    let last = json!({ "query": "word", "limit": 2, "before_id": two });
    let last = talk.must(1, "message.search", last).await;
    assert_eq!(
        (&last["has_more"], &last["next_before_id"]),
        (&json!(false), &Value::Null)
    );
}

#[tokio::test]
async fn a_snippet_says_what_was_found_whatever_the_body_holds() {
    let talk = Talk::of(1).await;
    talk.say(1, "say \u{F0000} Hello\u{1} to <b>all</b>").await;
    let hits = talk
        .must(1, "message.search", json!({ "query": "hello all" }))
        .await;
    assert_eq!(
        hits["hits"][0]["snippet"],
        json!([
            { "text": "say \u{F0000} ", "hit": false },
            { "text": "Hello", "hit": true },
            { "text": "\u{1} to <b>", "hit": false },
            { "text": "all", "hit": true },
            { "text": "</b>", "hit": false },
        ])
    );
    talk.say(
        1,
        &format!("{} needle {}", "x ".repeat(500), "y ".repeat(500)),
    )
    .await;
    let hits = talk
        .must(1, "message.search", json!({ "query": "needle" }))
        .await;
    let parts = hits["hits"][0]["snippet"].as_array().expect("parts");
    let shown: usize = parts
        .iter()
        .map(|part| part["text"].as_str().unwrap_or_default().len())
        .sum();
    assert!(shown < 100, "{parts:?}");
    assert_eq!(parts[1], json!({ "text": "needle", "hit": true }));
}

#[tokio::test]
async fn what_has_no_word_is_refused() {
    let talk = Talk::of(1).await;
    for query in ["", "!!", "\"", "a*", "-a*", "aa* bb* cc*", "\u{0}"] {
        let error = talk
            .refused(1, "message.search", json!({ "query": query }))
            .await;
        assert_eq!(error.data["errors"][0]["path"], "query", "{query:?}");
    }
}

/// What user 2 is answered, page by page and in all ways, but for where in the log it was read.
async fn answers(talk: &Talk) -> Vec<Value> {
    let mut answers = Vec::new();
    for limit in 1..=6 {
        for mut query in [
            json!({ "query": "word" }),
            json!({ "query": "wor*", "author_id": 2 }),
            json!({ "query": "word", "workspace_id": 1 }),
            json!({ "query": "word", "channel_id": 1 }),
            json!({ "query": "wordy" }),
        ] {
            query["limit"] = json!(limit);
            let mut answer = talk.must(2, "message.search", query).await;
            answer["pos"].take();
            answers.push(answer);
        }
    }
    answers
}

#[tokio::test]
async fn what_is_said_where_one_is_not_changes_nothing_in_an_answer() {
    let talk = Talk::of(2).await;
    let private = json!({ "workspace_id": 1, "kind": "private", "name": "p" });
    talk.must(1, "channel.create", private).await;
    let mut secrets = Vec::new();
    for author in [1, 2, 2, 1, 2] {
        let secret = json!({ "channel_id": 2, "body": "word wordy" });
        let sent = talk.must(1, "message.send", secret).await;
        secrets.push(sent["message"]["id"].clone());
        talk.say(author, "word").await;
    }
    let with_secrets = answers(&talk).await;
    for secret in secrets {
        let secret = json!({ "message_id": secret });
        talk.must(1, "message.delete", secret).await;
    }
    for (with, without) in with_secrets.iter().zip(answers(&talk).await) {
        assert_eq!(with, &without);
    }
}

#[tokio::test]
async fn however_much_was_said_elsewhere_since_one_page_finds_what_one_may_read() {
    let talk = Talk::of(2).await;
    let private = json!({ "workspace_id": 1, "kind": "private", "name": "p" });
    talk.must(1, "channel.create", private).await;
    let oldest = talk.say(1, "word").await;
    let elsewhere =
        "WITH RECURSIVE n (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM n WHERE id < 20100)
         INSERT INTO message (id, channel_id, author_id, body, created_at)
         SELECT id, 2, 1, 'word', 1 FROM n;";
    let house = talk.house.changed(elsewhere).await;
    let page = must(&house.user(2), "message.search", json!({ "query": "word" })).await;
    assert_eq!(page["hits"][0]["message"]["id"], oldest);
    assert_eq!(
        (&page["has_more"], &page["next_before_id"]),
        (&json!(false), &Value::Null)
    );
}

#[tokio::test]
async fn a_channel_and_an_author_are_no_words_of_a_body() {
    let talk = Talk::of(1).await;
    talk.say(1, "apple").await;
    assert_eq!(find(&talk, "c1").await, [0; 0]);
    assert_eq!(find(&talk, "apple a1").await, [0; 0]);
    let named = talk.say(1, "c1 and a1").await;
    assert_eq!(find(&talk, "c1 a1").await, [named]);
}
