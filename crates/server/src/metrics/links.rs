//! How far each linked gateway has been written to.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use antiphon_api::ids::Pos;
use parking_lot::Mutex;

/// The most characters of a gateway's boot that are shown; it has 16.
const MAX_BOOT_CHARS: usize = 32;

/// The links there are, by the boot of their gateway: of two the later. Bounded as links are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links(Arc<Mutex<BTreeMap<String, Link>>>);

#[derive(Debug)]
struct Link {
    number: u64,
    written: Arc<AtomicI64>,
}

/// How far one link has come; told no more when it is dropped.
pub(crate) struct Progress {
    links: Links,
    boot: String,
    number: u64,
    written: Arc<AtomicI64>,
}

impl Links {
    /// `number` rises from link to link.
    pub(crate) fn begin(&self, boot: &str, number: u64, from: Pos) -> Progress {
        let boot: String = boot.chars().take(MAX_BOOT_CHARS).collect();
        let written = Arc::new(AtomicI64::new(from.get()));
        let link = Link {
            number,
            written: Arc::clone(&written),
        };
        self.0.lock().insert(boot.clone(), link);
        Progress {
            links: self.clone(),
            boot,
            number,
            written,
        }
    }

    /// Each gateway's boot, and the position up to which it was written to.
    pub(super) fn all(&self) -> Vec<(String, Pos)> {
        let links = self.0.lock();
        let each = links.iter();
        each.map(|(boot, link)| (boot.clone(), Pos(link.written.load(Relaxed))))
            .collect()
    }
}

impl Progress {
    pub(crate) fn written(&self, through: Pos) {
        self.written.store(through.get(), Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let mut links = self.links.0.lock();
        if links
            .get(&self.boot)
            .is_some_and(|link| link.number == self.number)
        {
            links.remove(&self.boot);
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_api::ids::Pos;

    use super::Links;

    #[test]
    fn a_gateway_that_comes_back_before_its_link_is_missed_is_told_once() {
        let links = Links::default();
        let first = links.begin("a", 1, Pos(5));
        let second = links.begin("a", 2, Pos(7));
        first.written(Pos(6));
        assert_eq!(links.all(), [("a".to_owned(), Pos(7))]);
        drop(first);
        second.written(Pos(9));
        assert_eq!(links.all(), [("a".to_owned(), Pos(9))]);
        drop(second);
        assert_eq!(links.all(), []);
    }
}
