use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    entities::{Channel, ChannelKind, Notify, NotifyLevel},
    ids::{ChannelId, Pos, UserId, WorkspaceId},
    method,
    method::Done,
};

/// The longest `topic`, in characters.
pub const MAX_TOPIC_CHARS: usize = 250;
/// The most people in one dm, the caller included.
pub const MAX_DM_MEMBERS: usize = 10;
/// The most channels of a workspace, archived ones among them and dms not; a further one is refused.
pub const MAX_CHANNELS: usize = 10_000;
/// The most channels somebody is in, and the most dms: they are put into no further one of the kind,
/// so that dms keep nobody out of a channel.
pub const MAX_CHANNELS_OF_USER: usize = 5_000;
/// The most dms that somebody opens in a workspace, so that nobody fills another's alone.
pub const MAX_DMS_OPENED: usize = 1_000;

method! {
    /// Creates a channel with the caller in it; a dm that exists for the same people is returned.
    "channel.create" Mutation Create(CreateParams) -> ChannelResult, [NotFound, Forbidden, Conflict],
    example {"workspace_id": 1, "kind": "private", "name": "surprise", "topic": "Not a word to Ben"}
}

method! {
    /// Joins a public channel.
    "channel.join" Mutation Join(ChannelParams) -> ChannelResult, [NotFound, Conflict],
    example {"channel_id": 3}
}

method! {
    /// Leaves a channel; a dm cannot be left.
    "channel.leave" Mutation Leave(ChannelParams) -> Done, [NotFound, Forbidden, Conflict],
    example {"channel_id": 2}
}

method! {
    /// Adds a member of the workspace to a channel the caller is in.
    "channel.add_member" Mutation AddMember(MemberParams) -> MemberResult, [NotFound, Forbidden, Conflict],
    example {"channel_id": 4, "user_id": 3}
}

method! {
    /// Removes somebody from a channel, for which one needs `channel:remove_member`, or oneself.
    "channel.remove_member" Mutation RemoveMember(MemberParams) -> Done, [NotFound, Forbidden, Conflict],
    example {"channel_id": 2, "user_id": 3}
}

method! {
    /// The channels of a workspace that the caller may see, archived ones too, in id order.
    "channel.list" Query List(ListParams) -> ListResult, [NotFound],
    example {"workspace_id": 1}
}

method! {
    /// A channel the caller may see, archived or not.
    "channel.get" Query Get(ChannelParams) -> GetResult, [NotFound],
    example {"channel_id": 3}
}

method! {
    /// The members of a channel the caller may see, in id order.
    "channel.members" Query Members(MembersParams) -> MembersResult, [NotFound],
    example {"channel_id": 1}
}

method! {
    /// Changes the name or topic of a channel the caller is in; a dm has neither.
    "channel.update" Mutation Update(UpdateParams) -> ChannelResult, [NotFound, Forbidden, Conflict],
    example {"channel_id": 1, "topic": "What everybody should know"}
}

method! {
    /// Ends every membership of a channel and keeps what is in it; who was in it is remembered.
    "channel.archive" Mutation Archive(ChannelParams) -> ChannelResult, [NotFound, Forbidden, Conflict],
    example {"channel_id": 2}
}

method! {
    /// Brings an archived channel back, with who was in it and is still in the workspace; who is in
    /// as many channels as one may be stays out.
    "channel.unarchive" Mutation Unarchive(ChannelParams) -> ChannelResult, [NotFound, Forbidden, Conflict],
    example {"channel_id": 6}
}

method! {
    /// Deletes a channel, archived or not, with everything in it; a dm stays.
    "channel.delete" Mutation Delete(ChannelParams) -> Done, [NotFound, Forbidden, Conflict],
    example {"channel_id": 2}
}

method! {
    /// Says how the caller wants to hear of a channel they are in.
    "channel.set_notify" Mutation SetNotify(SetNotifyParams) -> NotifyResult, [NotFound, Forbidden],
    example {"channel_id": 1, "muted": true, "notify": "mentions"}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateParams {
    pub workspace_id: WorkspaceId,
    pub kind: ChannelKind,
    /// 1 to 80 characters; required unless a dm, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 250 characters; refused for a dm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The other people of a dm, 1 to 9; refused for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_ids: Option<Vec<UserId>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelParams {
    pub channel_id: ChannelId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberParams {
    pub channel_id: ChannelId,
    pub user_id: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    pub workspace_id: WorkspaceId,
    /// The channels with higher ids than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_id: Option<ChannelId>,
    /// 1 to 200, 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelResult {
    pub channel: Channel,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChannelMemberResult")]
pub struct MemberResult {
    pub member: ChannelMember,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelMember {
    pub channel_id: ChannelId,
    pub user_id: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChannelList")]
pub struct ListResult {
    /// In id order.
    pub channels: Vec<ListedChannel>,
    /// Whether more follow.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListedChannel {
    #[serde(flatten)]
    pub channel: Channel,
    /// Whether the caller is in it.
    pub is_member: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SeenChannel")]
pub struct GetResult {
    pub channel: Channel,
    /// Whether the caller is in it.
    pub is_member: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MembersParams {
    pub channel_id: ChannelId,
    /// The members with higher ids than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_id: Option<UserId>,
    /// 1 to 200, 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChannelMembers")]
pub struct MembersResult {
    /// In the order of their ids.
    pub members: Vec<ChannelMember>,
    /// Whether more follow.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    pub channel_id: ChannelId,
    /// 1 to 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 250 characters; an empty one clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetNotifyParams {
    pub channel_id: ChannelId,
    /// As it is unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// As it is unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<NotifyLevel>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChannelNotifyResult")]
pub struct NotifyResult {
    pub notify: Notify,
}
