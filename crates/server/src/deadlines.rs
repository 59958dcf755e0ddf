//! When what is due: one time for each key. Pure: whoever asks brings the time.

use std::collections::{BTreeMap, BTreeSet};

/// As large as its keys are many; [`take_due`](Self::take_due) empties it.
#[derive(Debug)]
pub(crate) struct Deadlines<T, K> {
    of: BTreeMap<K, T>,
    order: BTreeSet<(T, K)>,
}

impl<T, K> Default for Deadlines<T, K> {
    fn default() -> Self {
        Self {
            of: BTreeMap::new(),
            order: BTreeSet::new(),
        }
    }
}

impl<T: Ord + Copy, K: Ord + Clone> Deadlines<T, K> {
    /// In place of the one the key had.
    pub(crate) fn set(&mut self, key: K, due: T) {
        self.clear(&key);
        self.of.insert(key.clone(), due);
        self.order.insert((due, key));
    }

    pub(crate) fn clear(&mut self, key: &K) {
        if let Some((key, due)) = self.of.remove_entry(key) {
            self.order.remove(&(due, key));
        }
    }

    pub(crate) fn has(&self, key: &K) -> bool {
        self.of.contains_key(key)
    }

    pub(crate) fn next(&self) -> Option<T> {
        self.order.first().map(|(due, _)| *due)
    }

    /// The first of what is due at `now`, and since when.
    pub(crate) fn take_due(&mut self, now: T) -> Option<(T, K)> {
        if self.next()? > now {
            return None;
        }
        let (due, key) = self.order.pop_first()?;
        self.of.remove(&key);
        Some((due, key))
    }
}

#[cfg(test)]
mod tests {
    use super::Deadlines;

    #[test]
    fn what_is_due_comes_at_its_time_and_not_before_earliest_first() {
        let mut deadlines = Deadlines::default();
        deadlines.set("tea", 30);
        deadlines.set("egg", 10);
        assert_eq!(deadlines.next(), Some(10));
        assert_eq!(deadlines.take_due(9), None);
        assert_eq!(deadlines.take_due(40), Some((10, "egg")));
        assert_eq!(deadlines.take_due(40), Some((30, "tea")));
        assert_eq!(deadlines.take_due(40), None);
    }

    #[test]
    fn a_key_has_one_deadline_and_a_later_one_replaces_it() {
        let mut deadlines = Deadlines::default();
        deadlines.set("egg", 10);
        deadlines.set("egg", 20);
        assert!(deadlines.has(&"egg"));
        assert_eq!(deadlines.take_due(19), None);
        deadlines.clear(&"egg");
        assert_eq!((deadlines.next(), deadlines.has(&"egg")), (None, false));
    }
}
