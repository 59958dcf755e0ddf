use std::collections::BTreeSet;

use antiphon_api::ids::{HuddleLease, UnixMs, UserId};

use crate::families::Seat;

/// How long somebody may take to connect to LiveKit, in milliseconds.
pub(super) const CONNECT_MS: i64 = 30_000;

/// A huddle's seats, and who is in its room; `None` when that could not be found out.
pub(crate) struct Room {
    pub(crate) seats: Vec<Seat>,
    pub(crate) there: Option<BTreeSet<UserId>>,
}

/// The leases under which somebody was not there when last looked: at most one for each seat.
#[derive(Default)]
pub(crate) struct Ghosts {
    absent: BTreeSet<HuddleLease>,
}

impl Ghosts {
    /// Takes in a look at all rooms. Returns who was in none of two looks running and has had the
    /// time to come.
    pub(crate) fn handle_look(&mut self, rooms: &[Room], now: UnixMs) -> Vec<Seat> {
        let absent: Vec<Seat> = rooms.iter().flat_map(Room::absent).collect();
        let before = std::mem::replace(
            &mut self.absent,
            absent.iter().map(|seat| seat.lease).collect(),
        );
        absent
            .into_iter()
            .filter(|seat| before.contains(&seat.lease))
            .filter(|seat| seat.leased_at.plus_ms(CONNECT_MS) <= now)
            .collect()
    }
}

impl Room {
    fn absent(&self) -> impl Iterator<Item = Seat> {
        self.seats.iter().copied().filter(|seat| {
            let there = self.there.as_ref();
            there.is_some_and(|there| !there.contains(&seat.user))
        })
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::{HuddleId, HuddleLease, UnixMs, UserId};

    use super::{CONNECT_MS, Ghosts, Room};
    use crate::families::Seat;

    const LATER: UnixMs = UnixMs(1_000_000);

    fn seat(user: i64, lease: i64) -> Seat {
        Seat {
            huddle_id: HuddleId(1),
            user: UserId(user),
            lease: HuddleLease(lease),
            leased_at: UnixMs(10_000),
        }
    }

    fn room(seats: &[Seat], there: Option<&[i64]>) -> [Room; 1] {
        [Room {
            seats: seats.to_vec(),
            there: there.map(|users| users.iter().copied().map(UserId).collect()),
        }]
    }

    #[test]
    fn who_is_absent_in_two_looks_running_is_a_ghost() {
        let (mut ghosts, seats) = (Ghosts::default(), [seat(1, 1), seat(2, 2)]);
        assert_eq!(ghosts.handle_look(&room(&seats, Some(&[1])), LATER), []);
        let second = ghosts.handle_look(&room(&seats, Some(&[1])), LATER);
        assert_eq!(second, [seat(2, 2)]);
    }

    #[test]
    fn who_was_there_in_between_is_not() {
        let (mut ghosts, seats) = (Ghosts::default(), [seat(1, 1)]);
        for there in [&[][..], &[1], &[]] {
            assert_eq!(ghosts.handle_look(&room(&seats, Some(there)), LATER), []);
        }
    }

    #[test]
    fn a_look_that_failed_says_nothing_and_the_count_begins_again() {
        let (mut ghosts, seats) = (Ghosts::default(), [seat(1, 1)]);
        for there in [Some(&[][..]), None, Some(&[]), None, None] {
            assert_eq!(ghosts.handle_look(&room(&seats, there), LATER), []);
        }
    }

    #[test]
    fn everybody_has_half_a_minute_to_connect_exactly() {
        let (mut ghosts, seats) = (Ghosts::default(), [seat(1, 1)]);
        let due = seats[0].leased_at.plus_ms(CONNECT_MS);
        for now in [due.plus_ms(-2), due.plus_ms(-1)] {
            assert_eq!(ghosts.handle_look(&room(&seats, Some(&[])), now), []);
        }
        assert_eq!(ghosts.handle_look(&room(&seats, Some(&[])), due), seats);
    }

    #[test]
    fn who_joined_again_is_looked_for_anew() {
        let mut ghosts = Ghosts::default();
        ghosts.handle_look(&room(&[seat(1, 1)], Some(&[])), LATER);
        let again = room(&[seat(1, 2)], Some(&[]));
        assert_eq!(ghosts.handle_look(&again, LATER), []);
    }
}
