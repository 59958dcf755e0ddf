//! What references can name, each query by its name; `references` says what they see.

pub(super) const QUERIES: &[(&str, &str)] = &[
    ("user.any", "SELECT id FROM user ORDER BY id"),
    // Who may lose what a tab needs.
    (
        "user.without_tabs",
        "SELECT id FROM user WHERE id > 8 ORDER BY id",
    ),
    ("user.name", "SELECT name FROM user ORDER BY id"),
    (
        "user.external_id",
        "SELECT external_id FROM user WHERE external_id IS NOT NULL ORDER BY id",
    ),
    (
        "user.colleague",
        "SELECT DISTINCT user_id FROM workspace_member WHERE workspace_id IN (
             SELECT workspace_id FROM workspace_member WHERE user_id = :caller) ORDER BY 1",
    ),
    // Whom the caller may draw in.
    (
        "user.not_in_workspace",
        "SELECT id FROM user WHERE id NOT IN (
             SELECT user_id FROM workspace_member WHERE workspace_id = :workspace_id)
         AND (id IN (
             SELECT theirs.user_id FROM workspace_member AS theirs
             JOIN workspace_member AS mine USING (workspace_id) WHERE mine.user_id = :caller)
           OR EXISTS (SELECT 1 FROM user WHERE id = :caller AND administrator)) ORDER BY id",
    ),
    (
        "user.of_workspace",
        "SELECT user_id FROM workspace_member WHERE workspace_id = :workspace_id ORDER BY 1",
    ),
    (
        "user.below_owner",
        "SELECT user_id FROM workspace_member
         WHERE workspace_id = :workspace_id AND role <> 'owner' ORDER BY 1",
    ),
    (
        "user.of_channel",
        "SELECT user_id FROM channel_member WHERE channel_id = :channel_id ORDER BY 1",
    ),
    (
        "user.of_channels_workspace",
        "SELECT user_id FROM workspace_member JOIN channel USING (workspace_id)
         WHERE channel.id = :channel_id ORDER BY 1",
    ),
    ("workspace.any", "SELECT id FROM workspace ORDER BY id"),
    (
        "workspace.own",
        "SELECT workspace_id FROM workspace_member WHERE user_id = :caller ORDER BY 1",
    ),
    (
        "workspace.ruled",
        "SELECT workspace_id FROM workspace_member
         WHERE user_id = :caller AND role IN ('owner', 'admin') ORDER BY 1",
    ),
    (
        "workspace.owned",
        "SELECT workspace_id FROM workspace_member
         WHERE user_id = :caller AND role = 'owner' ORDER BY 1",
    ),
    // Owned, and not one that a plan begins with.
    (
        "workspace.spare",
        "SELECT workspace_id FROM workspace_member
         WHERE user_id = :caller AND role = 'owner' AND workspace_id > 2 ORDER BY 1",
    ),
    ("channel.any", "SELECT id FROM channel ORDER BY id"),
    (
        "channel.own",
        "SELECT channel_id FROM channel_member WHERE user_id = :caller ORDER BY 1",
    ),
    (
        "channel.room",
        "SELECT id FROM channel JOIN channel_member ON channel_id = id
         WHERE user_id = :caller AND kind <> 'dm' ORDER BY id",
    ),
    // One that the caller is in, in a workspace of theirs to rule.
    (
        "channel.ruled",
        "SELECT id FROM channel JOIN channel_member ON channel_id = id
         JOIN workspace_member USING (workspace_id, user_id)
         WHERE user_id = :caller AND kind <> 'dm' AND role IN ('owner', 'admin') ORDER BY id",
    ),
    // The same, and not one that a plan begins with.
    (
        "channel.spare",
        "SELECT id FROM channel JOIN channel_member ON channel_id = id
         JOIN workspace_member USING (workspace_id, user_id)
         WHERE user_id = :caller AND kind <> 'dm' AND role IN ('owner', 'admin') AND id > 5
         ORDER BY id",
    ),
    (
        "channel.archived",
        "SELECT id FROM channel JOIN workspace_member USING (workspace_id)
         WHERE user_id = :caller AND role IN ('owner', 'admin') AND archived_at IS NOT NULL
           AND deleted_at IS NULL ORDER BY id",
    ),
    (
        "channel.to_join",
        "SELECT id FROM channel JOIN workspace_member USING (workspace_id)
         WHERE user_id = :caller AND kind = 'public' AND archived_at IS NULL
           AND deleted_at IS NULL AND id NOT IN (
             SELECT channel_id FROM channel_member WHERE user_id = :caller) ORDER BY 1",
    ),
    ("message.any", "SELECT id FROM present_message ORDER BY id"),
    (
        "message.own",
        "SELECT id FROM present_message WHERE author_id = :caller ORDER BY id",
    ),
    (
        "message.readable",
        "SELECT id FROM present_message JOIN channel_member USING (channel_id)
         WHERE user_id = :caller ORDER BY id",
    ),
    (
        "message.of_channel",
        "SELECT id FROM present_message WHERE channel_id = :channel_id ORDER BY id",
    ),
    (
        "message.own_of_channel",
        "SELECT id FROM present_message WHERE channel_id = :channel_id AND author_id = :caller ORDER BY id",
    ),
    (
        "message.edited",
        "SELECT DISTINCT message_id FROM former_body JOIN present_message AS message ON message.id = message_id
         JOIN channel_member USING (channel_id) WHERE user_id = :caller ORDER BY 1",
    ),
    (
        "message.pinned",
        "SELECT id FROM present_message JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND pinned_at IS NOT NULL ORDER BY id",
    ),
    (
        "message.pinned_here",
        "SELECT id FROM present_message WHERE channel_id = :channel_id AND pinned_at IS NOT NULL
         ORDER BY id",
    ),
    (
        "message.reacted",
        "SELECT DISTINCT message_id FROM reaction JOIN present_message AS message ON message.id = message_id
         WHERE user_id = :caller ORDER BY 1",
    ),
    // What the caller has put on the message.
    (
        "reaction.own",
        "SELECT emoji FROM reaction WHERE message_id = :message_id AND user_id = :caller
         ORDER BY id",
    ),
    (
        "root.of_channel",
        "SELECT id FROM present_message WHERE channel_id = :channel_id AND thread_id IS NULL ORDER BY id",
    ),
    (
        "root.readable",
        "SELECT id FROM present_message JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND thread_id IS NULL ORDER BY id",
    ),
    (
        "root.answered",
        "SELECT id FROM present_message JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND reply_count > 0 ORDER BY id",
    ),
    (
        "thread.followed",
        "SELECT thread_id FROM thread_follow WHERE user_id = :caller ORDER BY 1",
    ),
    (
        "reply.of_thread",
        "SELECT id FROM present_message WHERE thread_id = :thread_id ORDER BY id",
    ),
    ("canvas.any", "SELECT id FROM canvas ORDER BY id"),
    (
        "canvas.there",
        "SELECT id FROM canvas JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND deleted_at IS NULL ORDER BY id",
    ),
    (
        "canvas.deleted",
        "SELECT id FROM canvas JOIN channel_member USING (channel_id)
         WHERE user_id = :caller AND deleted_at IS NOT NULL ORDER BY id",
    ),
    (
        "canvas.of_channel",
        "SELECT id FROM canvas WHERE channel_id = :channel_id ORDER BY id",
    ),
    (
        "revision.newest",
        "SELECT revision FROM canvas WHERE id = :canvas_id",
    ),
    (
        "revision.any",
        "SELECT revision FROM canvas_revision WHERE canvas_id = :canvas_id ORDER BY 1",
    ),
    (
        "token.own",
        "SELECT jti FROM token WHERE user_id = :caller ORDER BY issued_at, jti",
    ),
    ("token.any", "SELECT jti FROM token ORDER BY issued_at, jti"),
    ("huddle.any", "SELECT id FROM huddle ORDER BY id"),
    (
        "huddle.in_sight",
        "SELECT id FROM huddle JOIN channel_member USING (channel_id)
         WHERE user_id = :caller ORDER BY id",
    ),
    (
        "huddle.own",
        "SELECT huddle_id FROM huddle_seat WHERE user_id = :caller",
    ),
    ("lease.any", "SELECT lease FROM huddle_seat ORDER BY 1"),
    (
        "lease.own",
        "SELECT lease FROM huddle_seat WHERE user_id = :caller",
    ),
    ("position", "SELECT pos FROM log ORDER BY pos"),
];
