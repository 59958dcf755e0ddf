//! A bounded run of the newest items, in memory.

use std::collections::VecDeque;

use antiphon_api::ids::Pos;
use parking_lot::RwLock;
use tokio::sync::watch;

/// An item of a [`Tail`]: it has a position and a size.
pub trait Placed {
    fn pos(&self) -> Pos;
    /// What it counts for against the tail's bound, in bytes.
    fn bytes(&self) -> usize;
}

/// The newest items by position, whole from a floor on. At either bound the oldest items go and
/// the floor rises to the last of them; the newest item always stays. Cloning an item should be
/// cheap (an `Arc` inside).
#[derive(Debug)]
pub struct Tail<T> {
    run: RwLock<Run<T>>,
    head: watch::Sender<Pos>,
    max_items: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Run<T> {
    items: VecDeque<T>,
    bytes: usize,
    floor: Pos,
}

impl<T: Placed + Clone> Tail<T> {
    /// Empty, whole from `head` on: what was before is in the log.
    #[must_use]
    pub fn new(head: Pos, max_items: usize, max_bytes: usize) -> Self {
        Self {
            run: RwLock::new(Run {
                items: VecDeque::new(),
                bytes: 0,
                floor: head,
            }),
            head: watch::Sender::new(head),
            max_items,
            max_bytes,
        }
    }

    /// Appends items whose positions rise and are above the head, then wakes the subscribers.
    pub fn push(&self, items: impl IntoIterator<Item = T>) {
        let mut head = self.head();
        let mut run = self.run.write();
        for item in items {
            debug_assert!(item.pos() > head, "{} after {head}", item.pos());
            head = item.pos();
            run.bytes += item.bytes();
            run.items.push_back(item);
        }
        run.trim(self.max_items, self.max_bytes);
        drop(run);
        self.head
            .send_if_modified(|old| std::mem::replace(old, head) != head);
    }

    /// Forgets everything and goes on from `head`, which is above the old one: what was to come
    /// before it is not to be had.
    pub fn restart(&self, head: Pos) {
        let mut run = self.run.write();
        run.items.clear();
        run.bytes = 0;
        run.floor = head;
        drop(run);
        self.head.send_replace(head);
    }

    /// The items above `pos`, oldest first, up to either bound but at least one if there is one.
    /// `None`: `pos` is below the floor, so the answer is in the log.
    #[must_use]
    pub fn after(&self, pos: Pos, max_items: usize, max_bytes: usize) -> Option<Vec<T>> {
        let run = self.run.read();
        if pos < run.floor {
            return None;
        }
        let start = run.items.partition_point(|item| item.pos() <= pos);
        let mut bytes = 0;
        let fits = run
            .items
            .range(start..)
            .take(max_items.max(1))
            .take_while(|item| {
                let first = bytes == 0;
                bytes += item.bytes().max(1);
                first || bytes <= max_bytes
            });
        Some(fits.cloned().collect())
    }

    /// The newest position pushed, or the one given to [`Tail::new`].
    #[must_use]
    pub fn head(&self) -> Pos {
        *self.head.borrow()
    }

    /// The position from which the tail is whole.
    #[must_use]
    pub fn floor(&self) -> Pos {
        self.run.read().floor
    }

    /// Follows the head. When it shows a position, [`Tail::after`] has that position's item.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Pos> {
        self.head.subscribe()
    }
}

impl<T: Placed> Run<T> {
    fn trim(&mut self, max_items: usize, max_bytes: usize) {
        while self.items.len() > 1 && (self.items.len() > max_items || self.bytes > max_bytes) {
            if let Some(oldest) = self.items.pop_front() {
                self.bytes -= oldest.bytes();
                self.floor = oldest.pos();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::Pos;

    use super::{Placed, Tail};

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Item(i64, usize);

    impl Placed for Item {
        fn pos(&self) -> Pos {
            Pos(self.0)
        }

        fn bytes(&self) -> usize {
            self.1
        }
    }

    fn positions(found: Option<Vec<Item>>) -> Option<Vec<i64>> {
        found.map(|items| items.iter().map(|item| item.0).collect())
    }

    #[test]
    fn a_new_tail_is_whole_from_its_head_and_knows_nothing_below() {
        let tail = Tail::<Item>::new(Pos(7), 4, 100);
        assert_eq!(positions(tail.after(Pos(7), 9, 9)), Some(vec![]));
        assert_eq!(positions(tail.after(Pos(6), 9, 9)), None);
    }

    #[test]
    fn the_floor_is_the_last_item_that_was_let_go() {
        let tail = Tail::new(Pos(0), 2, 100);
        tail.push([Item(3, 1), Item(5, 1), Item(9, 1)]);
        assert_eq!((tail.floor(), tail.head()), (Pos(3), Pos(9)));
        assert_eq!(positions(tail.after(Pos(3), 9, 9)), Some(vec![5, 9]));
        assert_eq!(positions(tail.after(Pos(2), 9, 9)), None);
    }

    #[test]
    fn the_newest_item_stays_even_if_it_alone_is_over_the_bound() {
        let tail = Tail::new(Pos(0), 9, 10);
        tail.push([Item(1, 4), Item(2, 50)]);
        assert_eq!(positions(tail.after(Pos(1), 9, 1)), Some(vec![2]));
        assert_eq!(tail.floor(), Pos(1));
    }

    #[test]
    fn a_page_ends_at_either_bound_but_has_at_least_one_item() {
        let tail = Tail::new(Pos(0), 9, 100);
        tail.push([Item(1, 10), Item(2, 10), Item(3, 10)]);
        assert_eq!(positions(tail.after(Pos(0), 2, 100)), Some(vec![1, 2]));
        assert_eq!(positions(tail.after(Pos(0), 9, 20)), Some(vec![1, 2]));
        assert_eq!(positions(tail.after(Pos(0), 0, 0)), Some(vec![1]));
    }

    #[test]
    fn a_tail_that_began_again_knows_nothing_below_its_new_head() {
        let tail = Tail::new(Pos(0), 9, 100);
        tail.push([Item(1, 1), Item(2, 1)]);
        let head = tail.subscribe();
        tail.restart(Pos(8));
        assert!(head.has_changed().unwrap());
        assert_eq!(positions(tail.after(Pos(2), 9, 9)), None);
        assert_eq!(positions(tail.after(Pos(8), 9, 9)), Some(vec![]));
        tail.push([Item(9, 1)]);
        assert_eq!(positions(tail.after(Pos(8), 9, 9)), Some(vec![9]));
    }

    #[test]
    fn a_subscriber_is_woken_only_when_the_head_moved() {
        let tail = Tail::new(Pos(0), 9, 100);
        let mut head = tail.subscribe();
        tail.push([]);
        assert!(!head.has_changed().unwrap());
        tail.push([Item(1, 1), Item(4, 1)]);
        assert_eq!(*head.borrow_and_update(), Pos(4));
    }
}
