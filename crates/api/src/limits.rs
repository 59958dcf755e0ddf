//! Bounds that several families share. Those of one family stand beside its methods.

/// The longest name of a user, workspace or channel, and the longest `display_name`, in characters.
pub const MAX_NAME_CHARS: usize = 80;
/// The longest emoji of a reaction or status, in characters.
pub const MAX_EMOJI_CHARS: usize = 32;
/// The most entries in one page of a list; a larger `limit` is refused.
pub const MAX_LIST_LIMIT: u32 = 200;
/// How many entries a page has unless `limit` is given.
pub const DEFAULT_LIST_LIMIT: u32 = 50;
/// The most bytes of bodies and reactions in one page: it ends before the message that would go over
/// it, but has at least one.
pub const MAX_LIST_BYTES: usize = 1 << 20;
