use std::time::{Duration, Instant};

use antiphon_api::{
    entities::PresenceState::{Away, Offline, Online},
    ids::{Principal, UserId},
};
use antiphon_wire::{LeaseChange, LeaseState};

use super::{Board, GRACE};

const ADA: UserId = UserId(1);

fn lease(tab: u64, state: LeaseState) -> LeaseChange {
    LeaseChange {
        principal: Principal::User(ADA),
        tab,
        state,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "any instant will do as the origin of virtual time"
)]
fn start() -> Instant {
    Instant::now()
}

#[test]
fn a_visible_tab_makes_online_and_hidden_ones_away() {
    let (mut board, now) = (Board::default(), start());
    let changed = board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    assert_eq!(changed, [(ADA, Online)]);
    let changed = board.handle_leases("g", 1, false, &[lease(2, LeaseState::Hidden)], now);
    assert_eq!(changed, []);
    let changed = board.handle_leases("g", 1, false, &[lease(1, LeaseState::Hidden)], now);
    assert_eq!(changed, [(ADA, Away)]);
}

#[test]
fn the_last_tab_to_go_makes_offline_exactly_after_the_grace() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Closed)], now);
    assert_eq!(board.state(ADA), Online);
    assert_eq!(board.poll_timeout(), Some(now + GRACE));
    assert_eq!(
        board.handle_timeout(now + GRACE - Duration::from_millis(1)),
        []
    );
    assert_eq!(board.handle_timeout(now + GRACE), [(ADA, Offline)]);
    assert_eq!(board.state(ADA), Offline);
    assert_eq!(board.poll_timeout(), None);
}

#[test]
fn a_reload_within_the_grace_is_not_an_absence() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Closed)], now);
    let changed = board.handle_leases("g", 1, false, &[lease(2, LeaseState::Visible)], now);
    assert_eq!(changed, []);
    assert_eq!(board.handle_timeout(now + GRACE * 3), []);
    assert_eq!(board.state(ADA), Online);
}

#[test]
fn the_close_of_an_old_tab_after_the_opening_of_a_new_one_changes_nothing() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("h", 1, false, &[lease(1, LeaseState::Visible)], now);
    assert_eq!(
        board.handle_leases("g", 1, false, &[lease(1, LeaseState::Closed)], now),
        []
    );
    assert_eq!(board.poll_timeout(), None);
}

#[test]
fn a_lost_links_leases_end_after_the_grace_unless_it_comes_back() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], now);
    board.handle_link_lost("g", 1, now);
    let back = now + Duration::from_secs(5);
    assert_eq!(
        board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], back),
        []
    );
    assert_eq!(board.handle_timeout(now + GRACE * 2), []);

    board.handle_link_lost("g", 1, back);
    assert_eq!(board.handle_timeout(back + GRACE), [(ADA, Offline)]);
}

#[test]
fn a_lost_gateway_takes_only_its_own_tabs_with_it() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("h", 1, true, &[lease(1, LeaseState::Hidden)], now);
    board.handle_link_lost("g", 1, now);
    assert_eq!(board.handle_timeout(now + GRACE), [(ADA, Away)]);
}

#[test]
fn a_full_set_ends_the_leases_it_does_not_name() {
    let (mut board, now) = (Board::default(), start());
    let two = [lease(1, LeaseState::Visible), lease(2, LeaseState::Visible)];
    board.handle_leases("g", 1, true, &two, now);
    board.handle_leases("g", 1, true, &[lease(2, LeaseState::Hidden)], now);
    assert_eq!(board.state(ADA), Away);
    board.handle_leases("g", 1, true, &[], now);
    assert_eq!(board.handle_timeout(now + GRACE), [(ADA, Offline)]);
}

#[test]
fn the_end_of_a_link_that_was_replaced_changes_nothing() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("g", 2, true, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Closed)], now);
    board.handle_link_lost("g", 1, now);
    assert_eq!(board.poll_timeout(), None);
    assert_eq!(board.state(ADA), Online);
}

#[test]
fn a_tab_that_becomes_somebody_elses_ends_the_lease_of_the_first() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], now);
    let mut other = lease(1, LeaseState::Visible);
    other.principal = Principal::User(UserId(2));
    board.handle_leases("g", 1, false, &[other], now);
    assert_eq!(board.handle_timeout(now + GRACE), [(ADA, Offline)]);
}
