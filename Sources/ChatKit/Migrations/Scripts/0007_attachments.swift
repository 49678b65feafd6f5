extension Migration {
  /// Files beside messages.
  ///
  /// `messages` gets no index of attachments: what a message names is found the other way, by `attachment_uses` and the
  /// message's identifier. Two triggers tell the collector of messages that no longer name theirs; sending, and edits, do
  /// not fire them. It only adds.
  static let attachments = Migration(
    version: 7, name: "attachments",
    sql: """
      CREATE TABLE attachments (
        id uuid PRIMARY KEY,
        conversation_id uuid NOT NULL,
        uploader_id uuid NOT NULL,
        name text NOT NULL,
        content_type text NOT NULL,
        size bigint NOT NULL CHECK (size > 0),
        sha256 bytea NOT NULL CHECK (length(sha256) = 32),
        state text NOT NULL CHECK (state IN ('pending', 'ready', 'deleted')),
        created_at timestamptz NOT NULL DEFAULT now(),
        -- Until then its content may be brought.
        expires_at timestamptz NOT NULL,
        completed_at timestamptz,
        -- When a message took hold of it last.
        used_at timestamptz,
        -- When the collector looks at it next; NULL for what is known to be named by a message.
        check_at timestamptz
      );
      CREATE INDEX attachments_uploader ON attachments (uploader_id, state) INCLUDE (size, expires_at);
      CREATE INDEX attachments_check ON attachments (check_at) WHERE check_at IS NOT NULL;

      CREATE TABLE attachment_uses (
        attachment_id uuid NOT NULL,
        message_id uuid NOT NULL,
        PRIMARY KEY (attachment_id, message_id)
      );

      CREATE FUNCTION attachment_released() RETURNS trigger
      LANGUAGE plpgsql
      AS $$
      BEGIN
        UPDATE attachments SET check_at = now() WHERE id = OLD.attachment_id AND state = 'ready';
        RETURN NULL;
      END $$;
      CREATE TRIGGER messages_attachment_changed AFTER UPDATE OF attachment_id ON messages FOR EACH ROW
        WHEN (OLD.attachment_id IS NOT NULL AND NEW.attachment_id IS DISTINCT FROM OLD.attachment_id)
        EXECUTE FUNCTION attachment_released();
      CREATE TRIGGER messages_attachment_deleted AFTER DELETE ON messages FOR EACH ROW
        WHEN (OLD.attachment_id IS NOT NULL)
        EXECUTE FUNCTION attachment_released();
      """)
}
