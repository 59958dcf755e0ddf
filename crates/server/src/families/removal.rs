//! Removing what may be much, a slice at a time, so that other writes go in between.

use rusqlite::{Connection, Error};

use super::page::up_to;

/// What a slice weighs at most, in bytes, unless a single entry weighs more: removing that much text
/// from the index of words holds the writer for 5 to 40 ms.
const MAX_SLICE: usize = 64 * 1024;

/// Entries that are removed slice by slice. Each is weighed in bytes: of its text, and 128 for each of its
/// rows.
pub(super) struct Removal {
    /// Finds the entries of ?1, each an id and its weight.
    pub(super) find: &'static str,
    /// What removes the entry ?2 of ?1.
    pub(super) remove: &'static [&'static str],
}

impl Removal {
    /// Removes a slice of the entries of `of`, at least one if there is one. `false`: there is none.
    pub(super) fn step(&self, db: &Connection, of: i64) -> Result<bool, Error> {
        let mut find = db.prepare_cached(self.find)?;
        let found = find.query_map([of], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let weight = |(_, weight): &(i64, usize)| *weight;
        let (slice, _) = up_to(usize::MAX, MAX_SLICE, found, weight)?;
        for (id, _) in &slice {
            for statement in self.remove {
                db.prepare_cached(statement)?.execute([of, *id])?;
            }
        }
        Ok(!slice.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{MAX_SLICE, Removal};

    const ENTRIES: Removal = Removal {
        find: "SELECT id, weight FROM entry WHERE place = ?1 ORDER BY id",
        remove: &["DELETE FROM entry WHERE place = ?1 AND id = ?2"],
    };

    #[test]
    fn a_slice_weighs_no_more_than_its_bound_unless_it_is_a_single_entry() {
        let db = Connection::open_in_memory().expect("opens");
        let table = "CREATE TABLE entry (id INTEGER PRIMARY KEY, place, weight)";
        db.execute_batch(table).expect("is SQL");
        let half = MAX_SLICE / 2;
        for (place, weight) in [
            (1, half),
            (1, half),
            (2, 1),
            (1, 1),
            (1, MAX_SLICE + 1),
            (1, 1),
        ] {
            db.execute(
                "INSERT INTO entry (place, weight) VALUES (?1, ?2)",
                (place, weight),
            )
            .expect("inserts");
        }
        let left = || -> String {
            let ids = "SELECT group_concat(id, ' ' ORDER BY id) FROM entry";
            db.query_row(ids, [], |row| row.get(0)).expect("reads")
        };
        let mut lefts = Vec::new();
        while ENTRIES.step(&db, 1).expect("removes") {
            lefts.push(left());
        }
        assert_eq!(lefts, ["3 4 5 6", "3 5 6", "3 6", "3"]);
    }
}
