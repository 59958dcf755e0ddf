//! The Rust client of Antiphon.
//!
//! [`rpc`] calls methods. [`stream`] is one tab as it is, frame by frame; [`follow`] is a tab that
//! comes back by itself and applies the client's rules, which stand without any I/O in
//! [`cursor`]; [`state`] is what an application keeps from a snapshot and the events after it.
//!
//! A program that keeps its user's state, whatever breaks in between:
//!
//! ```no_run
//! use antiphon_api::{method::NoParams, methods::{presence, state::Snapshot}};
//! use antiphon_client::{Auth, Follow, Rpc, State, Target, Update};
//!
//! # async fn run(token: String) -> Result<(), Box<dyn std::error::Error>> {
//! let url = "http://127.0.0.1:8484";
//! let rpc = Rpc::http(url, Some(token.clone()))?;
//! let mut follow = Follow::target(Target::of_gateway(url, Auth::Bearer(token)));
//! let mut state: Option<State> = None;
//! loop {
//!     match follow.next().await? {
//!         // First of all, and whenever the events since are not to be had: begin anew.
//!         Update::Resynced { .. } => {
//!             let snapshot = State::from(rpc.call::<Snapshot>(&NoParams {}).await?);
//!             follow.snapshot_loaded(snapshot.pos())?;
//!             state = Some(snapshot);
//!         }
//!         Update::Event(frame) => {
//!             if let (Some(state), Some(event)) = (&mut state, &frame.event) {
//!                 state.apply(frame.pos, event);
//!             }
//!         }
//!         // The state is whole; what is not in the log is asked for.
//!         Update::Live { .. } => {
//!             let everybody = presence::ListParams { user_ids: None };
//!             let listed = rpc.call::<presence::List>(&everybody).await?;
//!             if let Some(state) = &mut state {
//!                 state.presence_listed(listed.presence);
//!             }
//!         }
//!         // For the display: `next` waits, as long as a draw from all of a growing bound says
//!         // (full jitter), and comes back with its position.
//!         Update::Disconnected { why, retry_in } => eprintln!("{why}; back in {retry_in:?}"),
//!     }
//! }
//! # }
//! ```
//!
//! A mutation that may have been carried out without an answer is repeated under its key with
//! [`Rpc::call_once`]. `examples/` has three whole programs: `echo_bot` answers every message once,
//! `notifier` tells what is new, `exporter` reads page by page.

pub mod cursor;
pub mod follow;
pub mod rpc;
pub mod state;
pub mod stream;

pub use follow::{Follow, Update};
pub use rpc::{CallError, Rpc, TransportError};
pub use state::State;
pub use stream::{Auth, Stream, Target};
