//! Who somebody is: people the user shares a workspace with, whose new names are therefore heard.

use std::collections::BTreeMap;

use antiphon_api::{entities::User, ids::UserId, methods::state::MAX_PEOPLE};

/// At most [`MAX_PEOPLE`]; others are not kept, and fetched when they are met.
#[derive(Clone, Debug, Default)]
pub(super) struct People(BTreeMap<UserId, User>);

impl People {
    pub(super) fn get(&self, id: UserId) -> Option<&User> {
        self.0.get(&id)
    }

    /// Somebody came into a workspace of the user's.
    pub(super) fn meet(&mut self, user: &User) {
        if self.0.len() < MAX_PEOPLE {
            self.0.entry(user.id).or_insert_with(|| user.clone());
        }
        self.update(user);
    }

    /// Replaces what is held, unless it is newer.
    pub(super) fn update(&mut self, user: &User) {
        if let Some(held) = self.0.get_mut(&user.id)
            && held.revision <= user.revision
        {
            held.clone_from(user);
        }
    }

    /// Keeps those alone of whom it is sure that one goes on hearing of them.
    pub(super) fn keep_only(&mut self, is_heard_of: impl Fn(UserId) -> bool) {
        self.0.retain(|id, _| is_heard_of(*id));
    }
}

impl FromIterator<User> for People {
    fn from_iter<I: IntoIterator<Item = User>>(users: I) -> Self {
        Self(users.into_iter().map(|user| (user.id, user)).collect())
    }
}
