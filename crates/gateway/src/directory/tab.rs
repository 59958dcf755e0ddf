//! An attached tab, as its task holds it.

use std::sync::Arc;

use antiphon_api::frame::Visibility;
use antiphon_session::{Shard, TabKey};
use antiphon_wire::{LeaseState, RequestId};
use tracing::Span;

use super::{Directory, bell::Bell};
use crate::{clock, span};

/// An attached tab. Dropping it detaches it.
pub(crate) struct Tab {
    directory: Arc<Directory>,
    key: TabKey,
    /// Rung when there may be output.
    pub(crate) bell: Arc<Bell>,
}

impl Tab {
    pub(super) fn new(directory: Arc<Directory>, key: TabKey, bell: Arc<Bell>) -> Self {
        Self {
            directory,
            key,
            bell,
        }
    }

    pub(crate) fn key(&self) -> TabKey {
        self.key
    }

    /// Runs `action` on the shard of this tab, briefly.
    pub(crate) fn with<T>(&self, action: impl FnOnce(&mut Shard, TabKey) -> T) -> T {
        let mut slot = self.directory.shard(self.key.principal).lock();
        action(&mut slot.core, self.key)
    }

    /// For lines of the log about this tab.
    pub(crate) fn span(&self) -> Span {
        span::tab(self.key, self.session().as_deref())
    }

    /// For those about a call of this tab.
    pub(crate) fn call_span(&self, request_id: &RequestId) -> Span {
        span::call(self.key, self.session().as_deref(), request_id)
    }

    fn session(&self) -> Option<String> {
        self.with(|shard, key| shard.session_of(key).map(ToOwned::to_owned))
    }

    pub(crate) fn set_visibility(&self, visibility: Visibility) {
        self.directory.leases.set(self.key, visibility.into());
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        let mut slot = self.directory.shard(self.key.principal).lock();
        slot.tabs.remove(&self.key.tab);
        slot.core.detach(self.key, clock::now());
        drop(slot);
        self.directory.leases.set(self.key, LeaseState::Closed);
    }
}
