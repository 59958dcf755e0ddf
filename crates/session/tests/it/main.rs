//! The core from outside: its life cycle in sentences, and a model of everything around it.

mod attaching;
mod closing;
mod delivering;
mod encoding;
mod heartbeats;
mod limits;
mod model;
mod sessions;
mod stage;
mod survey;
