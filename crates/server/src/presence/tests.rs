//! The board under a clock that only the test moves.

use std::time::{Duration, Instant};

use antiphon_api::{
    entities::PresenceState::{self, Away, Dnd, Invisible, Offline, Online},
    ids::{Principal, UnixMs, UserId},
    methods::presence::Claim,
};
use antiphon_wire::{LeaseChange, LeaseState};

use super::{Board, Change, Claimed, GRACE, MARK_TTL, MAX_MARKED};
use crate::clock::Moment;

const ADA: UserId = UserId(1);
const MS: Duration = Duration::from_millis(1);

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
fn start() -> Moment {
    Moment {
        steady: Instant::now(),
        wall: UnixMs(1_000_000),
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        let ms = i64::try_from(time.as_millis()).expect("a short time");
        Self {
            steady: self.steady + time,
            wall: self.wall.plus_ms(ms),
        }
    }
}

/// Everybody sees the same.
fn all(state: PresenceState) -> Change {
    Change {
        user: ADA,
        own: Some(state),
        others: Some(state),
    }
}

fn own(state: PresenceState) -> Change {
    Change {
        others: None,
        ..all(state)
    }
}

fn seen(board: &Board, now: Moment) -> (PresenceState, PresenceState) {
    let views = board.views(ADA, now.wall);
    (views.own, views.others)
}

/// Ada's claims, numbered as they are made.
fn claims(
    board: &mut Board,
    number: i64,
    claim: Claim,
    until: Option<Moment>,
    now: Moment,
) -> Option<Change> {
    let claimed = Claimed {
        user: ADA,
        number,
        claim,
        until: until.map(|end| end.wall),
    };
    board.handle_claim(claimed, now.wall)
}

#[test]
fn a_visible_tab_makes_online_and_hidden_ones_away() {
    let (mut board, now) = (Board::default(), start());
    let changed = board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    assert_eq!(changed, [all(Online)]);
    let changed = board.handle_leases("g", 1, false, &[lease(2, LeaseState::Hidden)], now);
    assert_eq!(changed, []);
    let changed = board.handle_leases("g", 1, false, &[lease(1, LeaseState::Hidden)], now);
    assert_eq!(changed, [all(Away)]);
}

#[test]
fn the_last_tab_to_go_makes_offline_exactly_after_the_grace() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Closed)], now);
    assert_eq!(seen(&board, now), (Online, Online));
    assert_eq!(board.poll_timeout(), Some((now + GRACE).steady));
    assert_eq!(board.handle_timeout(now + (GRACE - MS)), []);
    assert_eq!(board.handle_timeout(now + GRACE), [all(Offline)]);
    assert_eq!(seen(&board, now), (Offline, Offline));
    assert_eq!(board.poll_timeout(), None);
}

#[test]
fn a_reload_within_the_grace_is_not_an_absence() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Closed)], now);
    let changed = board.handle_leases("g", 1, false, &[lease(2, LeaseState::Visible)], now);
    assert_eq!(changed, []);
    assert_eq!(board.handle_timeout(now + 3 * GRACE), []);
    assert_eq!(seen(&board, now), (Online, Online));
}

#[test]
fn whoever_is_online_in_a_new_tab_is_not_offline_because_the_old_one_closes_late() {
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
    board.handle_link_lost("g", 1, now.steady);
    let back = now + Duration::from_secs(5);
    assert_eq!(
        board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], back),
        []
    );
    assert_eq!(board.handle_timeout(now + 2 * GRACE), []);

    board.handle_link_lost("g", 1, back.steady);
    assert_eq!(board.handle_timeout(back + GRACE), [all(Offline)]);
}

#[test]
fn a_lost_gateway_takes_only_its_own_tabs_with_it() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("h", 1, true, &[lease(1, LeaseState::Hidden)], now);
    board.handle_link_lost("g", 1, now.steady);
    assert_eq!(board.handle_timeout(now + GRACE), [all(Away)]);
}

#[test]
fn a_full_set_ends_the_leases_it_does_not_name() {
    let (mut board, now) = (Board::default(), start());
    let two = [lease(1, LeaseState::Visible), lease(2, LeaseState::Visible)];
    board.handle_leases("g", 1, true, &two, now);
    board.handle_leases("g", 1, true, &[lease(2, LeaseState::Hidden)], now);
    assert_eq!(seen(&board, now), (Away, Away));
    board.handle_leases("g", 1, true, &[], now);
    assert_eq!(board.handle_timeout(now + GRACE), [all(Offline)]);
}

#[test]
fn the_end_of_a_link_that_was_replaced_changes_nothing() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("g", 2, true, &[lease(1, LeaseState::Visible)], now);
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Closed)], now);
    board.handle_link_lost("g", 1, now.steady);
    assert_eq!(board.poll_timeout(), None);
    assert_eq!(seen(&board, now), (Online, Online));
}

#[test]
fn a_tab_that_becomes_somebody_elses_ends_the_lease_of_the_first() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], now);
    let mut other = lease(1, LeaseState::Visible);
    other.principal = Principal::User(UserId(2));
    board.handle_leases("g", 1, false, &[other], now);
    assert_eq!(board.handle_timeout(now + GRACE), [all(Offline)]);
}

#[test]
fn nobody_stays_online_after_twenty_quick_reloads_and_a_killed_gateway() {
    let (mut board, now) = (Board::default(), start());
    for tab in 1..=20 {
        board.handle_leases("g", 1, false, &[lease(tab, LeaseState::Visible)], now);
        board.handle_leases("g", 1, false, &[lease(tab, LeaseState::Closed)], now);
    }
    board.handle_leases("g", 1, false, &[lease(21, LeaseState::Visible)], now);
    board.handle_link_lost("g", 1, now.steady);
    assert_eq!(board.handle_timeout(now + (GRACE - MS)), []);
    assert_eq!(board.handle_timeout(now + GRACE), [all(Offline)]);
    assert_eq!(board.poll_timeout(), None);
}

#[test]
fn open_and_close_of_two_tabs_in_any_order_leave_what_is_open() {
    let open = |tab| lease(tab, LeaseState::Visible);
    let close = |tab| lease(tab, LeaseState::Closed);
    for order in [
        [open(1), close(1), open(2)],
        [open(1), open(2), close(1)],
        [close(1), open(1), open(2)],
        [open(2), open(1), close(1)],
    ] {
        let (mut board, now) = (Board::default(), start());
        for change in &order {
            board.handle_leases("g", 1, false, std::slice::from_ref(change), now);
        }
        assert_eq!(board.handle_timeout(now + 10 * GRACE), []);
        assert_eq!(
            seen(&board, now + 10 * GRACE),
            (Online, Online),
            "{order:?}"
        );
    }
}

#[test]
fn a_brief_second_device_leaves_nobody_online_whose_first_is_hidden() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Hidden)], now);
    board.handle_leases("h", 1, false, &[lease(1, LeaseState::Visible)], now);
    let changed = board.handle_leases("h", 1, false, &[lease(1, LeaseState::Closed)], now + MS);
    assert_eq!(changed, [all(Away)]);
}

#[test]
fn a_hidden_tab_that_reconnects_is_no_sign_of_life() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Hidden)], now);
    board.handle_link_lost("g", 1, now.steady);
    let back = [lease(1, LeaseState::Hidden)];
    assert_eq!(board.handle_leases("g", 2, true, &back, now + MS), []);
    let elsewhere = [lease(7, LeaseState::Hidden)];
    assert_eq!(board.handle_leases("h", 1, true, &elsewhere, now + MS), []);
    assert_eq!(seen(&board, now), (Away, Away));
}

#[test]
fn time_alone_makes_offline_without_a_word_from_anybody() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, true, &[lease(1, LeaseState::Visible)], now);
    board.handle_link_lost("g", 1, now.steady);
    let due = board.poll_timeout().expect("something is due");
    assert_eq!(due, (now + GRACE).steady);
    assert_eq!(board.handle_timeout(now + GRACE), [all(Offline)]);
}

#[test]
fn a_claim_ends_exactly_then_and_the_tabs_decide_again() {
    for (claim, state) in [(Claim::Dnd, Dnd), (Claim::Away, Away)] {
        let (mut board, now) = (Board::default(), start());
        let end = now + Duration::from_secs(3600);
        board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
        assert_eq!(
            claims(&mut board, 1, claim, Some(end), now),
            Some(all(state))
        );
        assert_eq!(board.poll_end(), Some(end.wall));
        let before = now + (Duration::from_secs(3600) - MS);
        assert_eq!(board.handle_timeout(before), []);
        assert_eq!(seen(&board, before), (state, state));
        assert_eq!(
            seen(&board, end),
            (Online, Online),
            "even before it is told"
        );
        assert_eq!(board.handle_timeout(end), [all(Online)]);
        assert_eq!(board.poll_end(), None);
    }
}

#[test]
fn claims_of_before_a_restart_end_at_their_time() {
    let (mut board, now) = (Board::default(), start());
    let end = now + 2 * MARK_TTL;
    assert_eq!(claims(&mut board, 5, Claim::Dnd, Some(end), now), None);
    let tab = [lease(1, LeaseState::Visible)];
    assert_eq!(board.handle_leases("g", 1, true, &tab, now), [all(Dnd)]);
    assert_eq!(board.handle_timeout(now + (2 * MARK_TTL - MS)), []);
    assert_eq!(board.handle_timeout(end), [all(Online)]);
}

#[test]
fn without_a_tab_everybody_is_offline_whatever_they_claim() {
    let (mut board, now) = (Board::default(), start());
    for (number, claim) in [(1, Claim::Dnd), (2, Claim::Away), (3, Claim::Invisible)] {
        assert_eq!(claims(&mut board, number, claim, None, now), None);
        assert_eq!(seen(&board, now), (Offline, Offline));
    }
}

#[test]
fn others_see_an_invisible_user_leave_and_then_hear_nothing_until_they_show_themselves() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    let hidden = claims(&mut board, 1, Claim::Invisible, None, now).expect("changes");
    assert_eq!(
        (hidden.own, hidden.others),
        (Some(Invisible), Some(Offline))
    );
    assert_eq!(seen(&board, now), (Invisible, Offline));
    let away = board.handle_leases("g", 1, false, &[lease(1, LeaseState::Hidden)], now);
    assert_eq!(away, [], "it changes what nobody sees");
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Closed)], now);
    assert_eq!(board.handle_timeout(now + GRACE), [own(Offline)]);
    let back = board.handle_leases("g", 1, false, &[lease(2, LeaseState::Visible)], now + GRACE);
    assert_eq!(back, [own(Invisible)]);
    let shown = claims(&mut board, 2, Claim::Online, None, now + GRACE);
    assert_eq!(shown, Some(all(Online)));
}

#[test]
fn of_two_claims_that_cross_the_newer_counts() {
    let (mut board, now) = (Board::default(), start());
    board.handle_leases("g", 1, false, &[lease(1, LeaseState::Visible)], now);
    claims(&mut board, 2, Claim::Online, None, now);
    assert_eq!(claims(&mut board, 1, Claim::Dnd, None, now), None);
    assert_eq!(seen(&board, now), (Online, Online));
}

#[test]
fn a_status_text_ends_exactly_then() {
    let (mut board, now) = (Board::default(), start());
    board.handle_status(ADA, Some((now + MARK_TTL).wall));
    assert_eq!(board.poll_end(), Some((now + MARK_TTL).wall));
    let before = now + (MARK_TTL - MS);
    assert_eq!(board.take_ended_status(before.wall), None);
    assert_eq!(board.take_ended_status((now + MARK_TTL).wall), Some(ADA));
    assert_eq!(board.take_ended_status((now + MARK_TTL).wall), None);
    board.handle_status(ADA, Some((now + MARK_TTL).wall));
    board.handle_status(ADA, None);
    assert_eq!(board.poll_end(), None);
}

#[test]
fn a_marked_connection_ends_a_minute_after_the_last_word_of_its_gateway() {
    let (mut board, now) = (Board::default(), start());
    let marked = board.handle_mark("edge", lease(1, LeaseState::Visible), now);
    assert_eq!(marked, Some(vec![all(Online)]));
    let word = now + MARK_TTL / 2;
    let marked = board.handle_mark("edge", lease(1, LeaseState::Visible), word);
    assert_eq!(marked, Some(vec![]));
    assert_eq!(board.handle_timeout(word + (MARK_TTL - MS)), []);
    assert_eq!(board.handle_timeout(word + MARK_TTL), [all(Offline)]);
    assert_eq!(board.poll_timeout(), None);
}

#[test]
fn the_close_of_a_marked_connection_has_the_grace_of_any_other() {
    let (mut board, now) = (Board::default(), start());
    board.handle_mark("edge", lease(1, LeaseState::Visible), now);
    board.handle_mark("edge", lease(1, LeaseState::Closed), now);
    assert_eq!(board.handle_timeout(now + (GRACE - MS)), []);
    assert_eq!(board.handle_timeout(now + GRACE), [all(Offline)]);
}

#[test]
fn connections_over_the_bound_are_not_marked() {
    let (mut board, now) = (Board::default(), start());
    for tab in 0..MAX_MARKED as u64 {
        board.handle_mark("edge", lease(tab, LeaseState::Visible), now);
    }
    let next = MAX_MARKED as u64;
    assert_eq!(
        board.handle_mark("edge", lease(next, LeaseState::Visible), now),
        None
    );
    board.handle_mark("edge", lease(0, LeaseState::Closed), now);
    assert!(
        board
            .handle_mark("edge", lease(next, LeaseState::Visible), now)
            .is_some()
    );
}
