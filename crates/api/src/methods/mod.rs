//! Every method, by family.

pub mod canvas;
pub mod channel;
pub mod events;
pub mod message;
pub mod presence;
pub mod read;
pub mod replay;
pub mod server;
pub mod session;
pub mod state;
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
    user::Resolve,
    workspace::Create,
    workspace::AddMember,
    workspace::RemoveMember,
    channel::Create,
    channel::Join,
    channel::Leave,
    channel::AddMember,
    channel::RemoveMember,
    channel::List,
    message::Send,
    message::List,
    message::Get,
    message::Update,
    message::Delete,
    read::Mark,
    typing::Relay,
    presence::List,
    presence::SetStatusText,
    state::Snapshot,
    session::Ticket,
    session::Redeem,
    server::Health,
    replay::Replay,
    events::List,
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
