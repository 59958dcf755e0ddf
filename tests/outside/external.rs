//! Tokens that name a user by an id of the application's own.

use antiphon_test_support::{Begun, Closed, EventStream, Secured, Tab, base64url, eventually};
use serde_json::json;

fn open(secured: &Secured, path: &str, token: &str) -> Result<Tab, u16> {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", &*bearer)];
    Tab::connect(&secured.node.address, path, &headers).map_err(|refused| refused.status)
}

/// How an upgrade ends for a browser.
fn browser_end(secured: &Secured, token: &str) -> Closed {
    let offer = format!("antiphon.v1, bearer.{}", base64url(token));
    let headers = [("Sec-WebSocket-Protocol", &*offer)];
    let tab = Tab::connect(&secured.node.address, "/ws/user/me", &headers);
    tab.expect("the upgrade is made").end()
}

/// Whom calls with the token are made by.
fn caller(secured: &Secured, token: &str) -> Result<i64, i64> {
    let http = secured.node.http();
    let http = http.with_header("Authorization", &format!("Bearer {token}"));
    match http.call("user.me", json!({})) {
        Ok(me) => Ok(me["user"]["id"].as_i64().expect("an id")),
        Err(error) => Err(error["code"].as_i64().expect("a code")),
    }
}

#[test]
fn an_external_id_is_one_user_over_every_way_in() {
    let mut secured = Secured::with("info", &["--set", "server.provision_unknown=true"]);
    let (one, other) = (
        secured.external_token("crm-81", "1h"),
        secured.external_token("crm-82", "1h"),
    );
    let begun = Begun::by(open(&secured, "/ws/user/me", &one).expect("is let in"));
    let mut tab = begun.tab;
    let me = tab.call("user.me", json!({})).expect("is somebody");
    let id = me["user"]["id"].as_i64().expect("an id");
    assert!(id > 3, "a new user");
    assert_eq!(caller(&secured, &one), Ok(id));
    assert!(open(&secured, &format!("/ws/user/{id}"), &one).is_ok());
    assert_eq!(open(&secured, "/ws/user/1", &one).err(), Some(403));
    assert_eq!(open(&secured, "/ws/user/crm-81", &one).err(), Some(403));
    let stranger = caller(&secured, &other).expect("is let in");
    assert_ne!(stranger, id);
    let path = format!("/ws/user/{id}");
    assert_eq!(open(&secured, &path, &other).err(), Some(403));
    let bearer = format!("Bearer {one}");
    let headers = [("Authorization", &*bearer)];
    assert!(EventStream::open(&secured.node.address, "/sse/user/me", &headers).is_ok());

    // What the user hears and calls is the same as with a token by id.
    let by_id = secured.token(id, "1h");
    assert_eq!(caller(&secured, &by_id), Ok(id));
    let created = secured
        .install
        .call(id, "workspace.create", json!({ "name": "w" }));
    let heard = tab.until("workspace.added");
    assert_eq!(heard["data"]["workspace"], created["workspace"]);
    secured.restart_gateway();
    assert_eq!(caller(&secured, &one), Ok(id));
}

#[test]
fn an_external_id_nobody_has_is_refused_unless_users_are_to_be_made() {
    let secured = Secured::default();
    let token = secured.external_token("crm-81", "1h");
    assert_eq!(open(&secured, "/ws/user/me", &token).err(), Some(401));
    assert_eq!(browser_end(&secured, &token), Closed::With(4004));
    assert_eq!(caller(&secured, &token), Err(-32001));
}

#[test]
fn who_an_external_id_is_waits_for_the_server_and_is_remembered() {
    let mut secured = Secured::with("info", &["--set", "server.provision_unknown=true"]);
    let (known, unknown) = (
        secured.external_token("crm-81", "1h"),
        secured.external_token("crm-82", "1h"),
    );
    let id = caller(&secured, &known).expect("is somebody");
    secured.install.kill_server();
    assert_eq!(open(&secured, "/ws/user/me", &unknown).err(), Some(503));
    assert_eq!(browser_end(&secured, &unknown), Closed::With(1013));
    assert_eq!(caller(&secured, &unknown), Err(-32050));
    assert!(open(&secured, &format!("/ws/user/{id}"), &known).is_ok());
    secured.start_server_again();
    eventually("the server's word", || caller(&secured, &unknown).ok());
    assert_eq!(caller(&secured, &known), Ok(id));
}
