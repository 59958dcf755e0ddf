//! The tabs of one session: one or two as a rule, so they lie in a row.

use crate::{tab::Tab, traffic::TabId};

/// By id. A tree would have room for eleven from the first one on.
#[derive(Debug, Default)]
pub(crate) struct Tabs(Vec<(TabId, Box<Tab>)>);

impl Tabs {
    fn place(&self, id: TabId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |(id, _)| *id)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, id: TabId) -> Option<&Tab> {
        let place = self.place(id).ok()?;
        Some(&self.0[place].1)
    }

    pub(crate) fn get_mut(&mut self, id: TabId) -> Option<&mut Tab> {
        let place = self.place(id).ok()?;
        Some(&mut self.0[place].1)
    }

    /// `true` if there was none of this id, else it is replaced.
    pub(crate) fn insert(&mut self, id: TabId, tab: Box<Tab>) -> bool {
        let place = self.place(id);
        match place {
            Ok(place) => self.0[place].1 = tab,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (id, tab));
            }
        }
        place.is_err()
    }

    /// `true` if it was there.
    pub(crate) fn remove(&mut self, id: TabId) -> bool {
        let place = self.place(id);
        place.map(|place| self.0.remove(place)).is_ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Tab> {
        self.0.iter().map(|(_, tab)| &**tab)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (TabId, &mut Tab)> {
        self.0.iter_mut().map(|(id, tab)| (*id, &mut **tab))
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = (TabId, Box<Tab>)> {
        self.0.into_iter()
    }
}
