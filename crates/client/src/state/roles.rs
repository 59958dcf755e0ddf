//! What the user is in their workspaces.

use std::collections::BTreeMap;

use antiphon_api::{
    entities::{OwnRole, Role},
    ids::WorkspaceId,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Roles(BTreeMap<WorkspaceId, Role>);

impl Roles {
    pub(super) fn get(&self, workspace: WorkspaceId) -> Option<Role> {
        self.0.get(&workspace).copied()
    }

    pub(super) fn all(&self) -> Vec<OwnRole> {
        let own = |(workspace_id, role): (&WorkspaceId, &Role)| OwnRole {
            workspace_id: *workspace_id,
            role: *role,
        };
        self.0.iter().map(own).collect()
    }

    pub(super) fn keep(&mut self, workspace: WorkspaceId, role: Role) {
        self.0.insert(workspace, role);
    }

    pub(super) fn drop_workspace(&mut self, workspace: WorkspaceId) {
        self.0.remove(&workspace);
    }
}

impl FromIterator<OwnRole> for Roles {
    fn from_iter<I: IntoIterator<Item = OwnRole>>(roles: I) -> Self {
        let roles = roles.into_iter();
        Self(roles.map(|own| (own.workspace_id, own.role)).collect())
    }
}
