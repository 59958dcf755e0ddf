//! Who is to hear of an event: a union of users, channels and workspaces.

use std::collections::BTreeSet;

use antiphon_api::ids::{ChannelId, UserId, WorkspaceId};

use crate::error::EmitError;

/// The most users one audience names; more is a channel or a workspace.
pub const MAX_USERS: usize = 64;

/// The most channels and workspaces one audience names.
pub const MAX_SCOPES: usize = 1_024;

/// What users are members of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Workspace(WorkspaceId),
    Channel(ChannelId),
}

pub(crate) const USER: i64 = 0;
pub(crate) const WORKSPACE: i64 = 1;
pub(crate) const CHANNEL: i64 = 2;

impl Scope {
    /// Its kind and id, as the tables have them.
    pub(crate) const fn key(self) -> (i64, i64) {
        match self {
            Self::Workspace(id) => (WORKSPACE, id.get()),
            Self::Channel(id) => (CHANNEL, id.get()),
        }
    }
}

/// A union of users and of the members that scopes have at the event's position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    users: BTreeSet<UserId>,
    scopes: BTreeSet<Scope>,
}

impl Audience {
    #[must_use]
    pub fn user(id: UserId) -> Self {
        Self::users([id])
    }

    /// At most [`MAX_USERS`] different ones, or emitting fails. None at all is nobody.
    #[must_use]
    pub fn users(ids: impl IntoIterator<Item = UserId>) -> Self {
        Self {
            users: ids.into_iter().collect(),
            scopes: BTreeSet::new(),
        }
    }

    #[must_use]
    pub fn channel(id: ChannelId) -> Self {
        Self::scopes([Scope::Channel(id)])
    }

    #[must_use]
    pub fn workspace(id: WorkspaceId) -> Self {
        Self::scopes([Scope::Workspace(id)])
    }

    /// At most [`MAX_SCOPES`] different ones, or emitting fails.
    #[must_use]
    pub fn scopes(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self {
            users: BTreeSet::new(),
            scopes: scopes.into_iter().collect(),
        }
    }

    /// Everyone in either; nobody hears twice.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.users.extend(other.users);
        self.scopes.extend(other.scopes);
        self
    }

    pub(crate) fn check(&self) -> Result<(), EmitError> {
        let too_wide = |what, limit| Err(EmitError::AudienceTooWide { what, limit });
        if self.users.len() > MAX_USERS {
            return too_wide("users", MAX_USERS);
        }
        if self.scopes.len() > MAX_SCOPES {
            return too_wide("channels and workspaces", MAX_SCOPES);
        }
        Ok(())
    }

    /// Its parts as kind and id.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (i64, i64)> {
        let users = self.users.iter().map(|user| (USER, user.get()));
        users.chain(self.scopes.iter().map(|scope| scope.key()))
    }
}
