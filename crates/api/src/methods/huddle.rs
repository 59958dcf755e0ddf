use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::Huddle,
    ids::{HuddleId, HuddleLease, Pos, UnixMs, WorkspaceId},
    method,
    method::Done,
    methods::channel::ChannelParams,
};

/// The most people in one huddle.
pub const MAX_PARTICIPANTS: usize = 50;
/// How long a participant counts after the last renewal, in milliseconds. A tab renews every 20 s.
pub const LEASE_TTL_MS: u64 = 60_000;

method! {
    /// Starts a huddle in a channel the caller is in, or joins the one there is, and leaves any other.
    "huddle.start" Mutation Start(ChannelParams) -> JoinResult, [NotFound, Forbidden, Conflict],
    example {"channel_id": 4}
}

method! {
    /// Joins a huddle, and leaves any other; who is in it gets a new lease, and the old one ends.
    "huddle.join" Mutation Join(HuddleParams) -> JoinResult, [NotFound, Conflict],
    example {"huddle_id": 1}
}

method! {
    /// Leaves a huddle; does nothing if the caller is not in it, or no longer by this lease.
    "huddle.leave" Mutation Leave(LeaveParams) -> Done, [],
    example {"huddle_id": 2}
}

method! {
    /// Ends a huddle for everybody: one the caller has started, or any with `huddle:end`.
    "huddle.end" Mutation End(HuddleParams) -> Done, [NotFound, Forbidden],
    example {"huddle_id": 1}
}

method! {
    /// Tells the others that the caller is muted, shows a screen or has a hand up.
    "huddle.update" Mutation Update(UpdateParams) -> HuddleResult, [NotFound, Forbidden],
    example {"huddle_id": 2, "hand": true}
}

method! {
    /// Says that the caller is still there; to be called every 20 s.
    "huddle.renew" Query / Signal Renew(RenewParams) -> RenewResult, [NotFound],
    example {"huddle_id": 2, "lease": 2}
}

method! {
    /// One huddle of a channel the caller is in.
    "huddle.get" Query Get(HuddleParams) -> HuddleResult, [NotFound],
    example {"huddle_id": 1}
}

method! {
    /// The huddles that go on in the caller's channels.
    "huddle.list_active" Query ListActive(ListActiveParams) -> ListActiveResult, [NotFound],
    example {"workspace_id": 1}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HuddleParams {
    pub huddle_id: HuddleId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveParams {
    pub huddle_id: HuddleId,
    /// The lease to end; the caller's newest unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<HuddleLease>,
}

/// What is not given stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    pub huddle_id: HuddleId,
    /// Whether the caller's microphone is off; as before unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// Whether the caller shows a screen; as before unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<bool>,
    /// Whether the caller has a hand up; as before unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewParams {
    pub huddle_id: HuddleId,
    /// The newest one: an older one counts no more.
    pub lease: HuddleLease,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListActiveParams {
    /// All of the caller's unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HuddleJoinResult")]
pub struct JoinResult {
    pub huddle: Huddle,
    /// To be renewed; 60 s after the last renewal the caller has left.
    pub lease: HuddleLease,
    /// Where to talk; null when the server has no LiveKit.
    pub livekit: Option<LivekitAccess>,
}

/// What a LiveKit client connects with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LivekitAccess {
    /// Where the LiveKit server is.
    pub url: String,
    /// Good for ten minutes, to connect with; join again for another.
    pub token: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HuddleResult {
    pub huddle: Huddle,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HuddleRenewResult")]
pub struct RenewResult {
    /// When the caller has left unless there is another renewal.
    pub expires_at: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HuddleList")]
pub struct ListActiveResult {
    /// In id order; at most one for each channel.
    pub huddles: Vec<Huddle>,
    /// Where in the log this was read.
    pub pos: Pos,
}
