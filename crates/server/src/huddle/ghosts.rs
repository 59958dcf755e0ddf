use std::collections::{BTreeMap, BTreeSet};

use antiphon_api::ids::{HuddleId, HuddleLease, UnixMs, UserId};

use super::Seat;

/// How long somebody may take to connect to LiveKit, in milliseconds.
pub(super) const CONNECT_MS: i64 = 30_000;

/// A huddle's seats, none if it has just ended, and who is in its room; `None` when that could not
/// be found out.
pub(crate) struct Room {
    pub(crate) huddle_id: HuddleId,
    pub(crate) seats: Vec<Seat>,
    pub(crate) there: Option<BTreeSet<UserId>>,
}

/// The leases under which somebody was not there when last looked: at most one for each seat.
#[derive(Default)]
pub(crate) struct Ghosts {
    absent: BTreeSet<HuddleLease>,
    /// The huddles that went on then.
    rooms: BTreeSet<HuddleId>,
}

impl Ghosts {
    /// The rooms to look into: those of `seats`, and those whose huddle has ended since the last
    /// look, for somebody may have stayed behind.
    pub(crate) fn rooms(&self, seats: Vec<Seat>) -> Vec<Room> {
        let before = self.rooms.iter().map(|id| (*id, Vec::new()));
        let mut rooms: BTreeMap<HuddleId, Vec<Seat>> = before.collect();
        for seat in seats {
            rooms.entry(seat.huddle_id).or_default().push(seat);
        }
        let room = |(huddle_id, seats)| Room {
            huddle_id,
            seats,
            there: None,
        };
        rooms.into_iter().map(room).collect()
    }

    /// Takes in a look at all rooms. Returns who was in none of two looks running and has had the
    /// time to come.
    pub(crate) fn handle_look(&mut self, rooms: &[Room], now: UnixMs) -> Vec<Seat> {
        let going_on = rooms.iter().filter(|room| !room.seats.is_empty());
        self.rooms = going_on.map(|room| room.huddle_id).collect();
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
    /// Who is there and has none of `seats`, as they are now.
    pub(crate) fn strangers(&self, seats: &[Seat]) -> Vec<UserId> {
        let sits = |user: &UserId| {
            let mut seats = seats.iter();
            seats.any(|seat| (seat.huddle_id, seat.user) == (self.huddle_id, *user))
        };
        let there = self.there.iter().flatten();
        there.filter(|user| !sits(user)).copied().collect()
    }

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

    use super::{CONNECT_MS, Ghosts, Room, Seat};

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
            huddle_id: HuddleId(1),
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
    fn who_is_in_the_room_without_a_seat_is_a_stranger() {
        let [room] = room(&[seat(1, 1)], Some(&[1, 2]));
        assert_eq!(room.strangers(&[seat(1, 1)]), [UserId(2)]);
        let joined_since = [seat(1, 1), seat(2, 2)];
        assert_eq!(room.strangers(&joined_since), []);
    }

    #[test]
    fn a_room_is_looked_into_once_more_after_its_huddle_has_ended() {
        let mut ghosts = Ghosts::default();
        ghosts.handle_look(&room(&[seat(1, 1)], None), LATER);
        let rooms = ghosts.rooms(Vec::new());
        assert_eq!(rooms.len(), 1);
        ghosts.handle_look(&rooms, LATER);
        assert!(ghosts.rooms(Vec::new()).is_empty());
    }

    #[test]
    fn who_joined_again_is_looked_for_anew() {
        let mut ghosts = Ghosts::default();
        ghosts.handle_look(&room(&[seat(1, 1)], Some(&[])), LATER);
        let again = room(&[seat(1, 2)], Some(&[]));
        assert_eq!(ghosts.handle_look(&again, LATER), []);
    }
}
