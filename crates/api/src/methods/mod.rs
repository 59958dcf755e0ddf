//! Every method, by family.

pub mod canvas;
pub mod channel;
pub mod events;
pub mod huddle;
pub mod message;
pub mod presence;
pub mod probe;
pub mod read;
pub mod server;
pub mod session;
pub mod state;
pub mod thread;
pub mod token;
pub mod typing;
pub mod user;
pub mod workspace;

use crate::MethodInfo;

macro_rules! methods {
    ($($method:path,)*) => {
        /// The one list of methods; a server serves exactly these.
        pub const METHODS: &[MethodInfo] = &[$(MethodInfo::of::<$method>(),)*];
    };
}

methods![
    user::Create,
    user::Me,
    user::Get,
    user::List,
    user::Update,
    user::Deactivate,
    user::Provision,
    user::Resolve,
    user::GetPreferences,
    user::SetPreferences,
    workspace::Create,
    workspace::Get,
    workspace::List,
    workspace::Update,
    workspace::Delete,
    workspace::AddMember,
    workspace::RemoveMember,
    workspace::SetRole,
    workspace::Members,
    workspace::SetPermissions,
    channel::Create,
    channel::Get,
    channel::Join,
    channel::Leave,
    channel::AddMember,
    channel::RemoveMember,
    channel::List,
    channel::Members,
    channel::Update,
    channel::Archive,
    channel::Unarchive,
    channel::Delete,
    channel::SetNotify,
    message::Send,
    message::List,
    message::Get,
    message::Update,
    message::Delete,
    message::BulkDelete,
    message::React,
    message::Unreact,
    message::ToggleReact,
    message::Pin,
    message::Unpin,
    message::Pins,
    message::History,
    message::Search,
    thread::Reply,
    thread::Follow,
    thread::Unfollow,
    thread::Read,
    thread::Get,
    thread::List,
    thread::Messages,
    read::Mark,
    read::MarkUnread,
    read::MarkAll,
    read::Cursors,
    typing::Relay,
    presence::List,
    presence::SetStatusText,
    presence::Update,
    presence::Set,
    presence::MarkConnection,
    state::Snapshot,
    session::Ticket,
    session::Redeem,
    server::Health,
    probe::Ticket,
    probe::Send,
    huddle::Start,
    huddle::Join,
    huddle::Leave,
    huddle::End,
    huddle::Update,
    huddle::Renew,
    huddle::Get,
    huddle::ListActive,
    events::List,
    events::Replay,
    token::Issue,
    token::List,
    token::Revoke,
    canvas::Create,
    canvas::Get,
    canvas::List,
    canvas::Update,
    canvas::Delete,
    canvas::Restore,
    canvas::History,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::METHODS;

    #[test]
    fn every_example_is_an_object() {
        for method in METHODS {
            let example: Result<serde_json::Map<_, _>, _> = serde_json::from_str(method.example);
            assert!(example.is_ok(), "{}: {}", method.name, method.example);
        }
    }

    #[test]
    fn every_method_has_its_own_name_in_a_family() {
        let names: HashSet<_> = METHODS.iter().map(|method| method.name).collect();
        assert_eq!(names.len(), METHODS.len());
        assert!(names.iter().all(|name| name.split('.').count() == 2));
    }
}
