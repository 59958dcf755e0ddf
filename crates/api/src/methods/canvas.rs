use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    entities::{Canvas, CanvasRevision, CanvasSummary},
    ids::{CanvasId, ChannelId, Pos, Revision},
    method,
    method::Done,
};

/// The most canvases of a channel; a further one is refused. Deleted ones count, because they can be
/// restored.
pub const MAX_CANVASES: usize = 1_000;
/// The longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 200;
/// The most a canvas's content takes as JSON, in bytes, so that its events fit the log.
pub const MAX_CONTENT_BYTES: usize = 128 << 10;
/// The most objects and arrays within each other in a content, so that whatever holds it can be
/// read.
pub const MAX_CONTENT_DEPTH: usize = 64;
/// How many revisions of a canvas are kept; older ones go.
pub const MAX_HISTORY: usize = 50;
/// A page of revisions ends once their contents are over this, in bytes.
pub const MAX_HISTORY_BYTES: usize = 1 << 20;

method! {
    /// Creates a canvas in a channel the caller is in.
    "canvas.create" Mutation Create(CreateParams) -> CanvasResult, [NotFound, Forbidden, Conflict, TooLarge],
    example {"channel_id": 1, "title": "Plan", "content": {"steps": ["sow", "water"]}}
}

method! {
    /// A canvas of a channel the caller is in, also a deleted one.
    "canvas.get" Query Get(CanvasParams) -> CanvasResult, [NotFound],
    example {"canvas_id": 1}
}

method! {
    /// The canvases of a channel the caller is in, in id order, without their content.
    "canvas.list" Query List(ListParams) -> ListResult, [NotFound, Forbidden],
    example {"channel_id": 1, "include_deleted": true}
}

method! {
    /// Changes a canvas's title, and its content: replaces it, or merges into it as RFC 7396 says.
    "canvas.update" Mutation Update(UpdateParams) -> CanvasResult, [NotFound, Forbidden, Conflict, TooLarge],
    example {"canvas_id": 1, "expected_revision": 2, "patch": {"done": true, "draft": null}}
}

method! {
    /// Deletes a canvas; it can be restored.
    "canvas.delete" Mutation Delete(DeleteParams) -> Done, [NotFound, Forbidden, Conflict],
    example {"canvas_id": 1}
}

method! {
    /// Brings a deleted canvas back, or a former title and content as a new revision.
    "canvas.restore" Mutation Restore(RestoreParams) -> CanvasResult, [NotFound, Forbidden],
    example {"canvas_id": 2}
}

method! {
    /// A canvas's titles and contents, the current ones included, the newest first; 50 are kept.
    "canvas.history" Query History(HistoryParams) -> HistoryResult, [NotFound],
    example {"canvas_id": 1}
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateParams {
    pub channel_id: ChannelId,
    /// 1 to 200 characters.
    pub title: String,
    /// An object of at most 128 KiB and 64 levels; empty unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Map<String, Value>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanvasParams {
    pub canvas_id: CanvasId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListParams {
    pub channel_id: ChannelId,
    /// The canvases with higher ids than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_id: Option<CanvasId>,
    /// 1 to 200, 50 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Whether to list deleted ones, too; not unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_deleted: Option<bool>,
}

/// At least one of `title`, `content` and `patch`, but not both of the latter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateParams {
    pub canvas_id: CanvasId,
    /// The revision the caller knows; if the canvas has another, nothing is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<Revision>,
    /// 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The new content, an object of at most 128 KiB and 64 levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Map<String, Value>>,
    /// What to change in the content: null removes, objects merge, the rest replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<Map<String, Value>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteParams {
    pub canvas_id: CanvasId,
    /// The revision the caller knows; if the canvas has another, nothing is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<Revision>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreParams {
    pub canvas_id: CanvasId,
    /// One of canvas.history, whose title and content become the newest; unless given, a deleted
    /// canvas comes back as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryParams {
    pub canvas_id: CanvasId,
    /// The revisions below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_revision: Option<Revision>,
    /// 1 to 200, 50 unless given. A page also ends at 1 MiB of contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasResult {
    pub canvas: Canvas,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CanvasList")]
pub struct ListResult {
    /// In id order.
    pub canvases: Vec<CanvasSummary>,
    /// Whether more follow.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CanvasHistory")]
pub struct HistoryResult {
    /// The newest first. Deleting and bringing back take a number of their own and are not here.
    pub revisions: Vec<CanvasRevision>,
    /// Whether older ones are kept.
    pub has_more: bool,
    /// Where in the log this was read.
    pub pos: Pos,
}
