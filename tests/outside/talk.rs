use antiphon_test_support::Install;
use serde_json::json;

#[test]
fn two_users_with_two_tabs_each_hear_everything_once_and_in_the_same_order() {
    let (_install, node) = Install::running();
    let open = |user| {
        let mut tab = node.tab(user, "").expect("is let in");
        assert_eq!(tab.frame().expect("a frame")["type"], "hello");
        (tab.until("live")["seq"].as_i64(), tab)
    };
    let mut tabs = [open(1), open(1), open(2), open(2)];
    for number in 0..20 {
        let (_, tab) = &mut tabs[number % 4];
        let params = json!({ "channel_id": 1, "body": format!("message {number}") });
        let sent = json!({
            "jsonrpc": "2.0", "id": number, "method": "message.send", "params": params,
        });
        tab.send(&sent);
        for (seq, tab) in &mut tabs {
            let event = tab.until("message.created");
            *seq = seq.map(|seq| seq + 1);
            assert_eq!(event["seq"].as_i64(), *seq);
            assert_eq!(
                event["data"]["message"]["body"],
                format!("message {number}")
            );
        }
    }
    assert_eq!(
        tabs[0].0, tabs[1].0,
        "two tabs of one user disagree about seq"
    );
}
