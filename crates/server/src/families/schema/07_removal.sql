-- Whether anybody has ever replied to it: the first reply alone makes its author follow.
ALTER TABLE message ADD COLUMN replied INTEGER NOT NULL DEFAULT 0;
UPDATE message SET replied = 1 WHERE reply_count > 0;

-- A deleted message is the root of no thread but stands in its own, where the replies to it stand: one
-- range, which is seen by nobody and goes slice by slice, the deleted message last.
CREATE INDEX message_deleted ON message (id) WHERE thread_id = id;

-- The messages that are there: a reply is as long as its root is. Whoever asks for messages otherwise than
-- by their channel and thread asks this.
CREATE VIEW present_message AS
    SELECT * FROM message
    WHERE thread_id IS NULL OR EXISTS (
        SELECT 1 FROM message AS root WHERE root.id = message.thread_id AND root.thread_id IS NULL);

-- Finds what an author has written in a channel, and whether it is there.
DROP INDEX message_by_author;
CREATE INDEX message_by_author ON message (author_id, channel_id, thread_id);
