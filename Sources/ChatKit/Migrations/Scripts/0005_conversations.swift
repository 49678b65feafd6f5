extension Migration {
  /// Channels, archives, cursors with their receipts.
  ///
  /// It only adds: no row is touched, the index is built beside the running service, and a binary of the release before
  /// works on it. Each statement can be repeated.
  static let conversations = Migration(
    version: 5, name: "conversations",
    withoutTransaction: [
      // Set by an admin: nothing more is sent.
      "ALTER TABLE conversations ADD COLUMN IF NOT EXISTS archived_at timestamptz",
      // joined_seq: the conversation's last_seq when they came; what is older is history to them, neither unread nor read.
      // archived_count: the conversation's message_count when they laid it aside; the next message brings it back.
      // …_told_at: when the others were last told how far this one has read, or got.
      """
      ALTER TABLE participants
        ADD COLUMN IF NOT EXISTS joined_seq bigint NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS archived_count bigint,
        ADD COLUMN IF NOT EXISTS read_told_at timestamptz,
        ADD COLUMN IF NOT EXISTS delivered_told_at timestamptz
      """,
      // How a reader's cursor moved: read (from_seq, to_seq] at that time. The key finds the row of a message.
      """
      CREATE TABLE IF NOT EXISTS receipts (
        conversation_id uuid NOT NULL,
        user_id uuid NOT NULL,
        to_seq bigint NOT NULL,
        from_seq bigint NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (conversation_id, user_id, to_seq)
      )
      """,
      // Rows come in the order of their times: a few bytes are enough to find the old ones.
      "CREATE INDEX IF NOT EXISTS receipts_age ON receipts USING brin (at)",
      """
      CREATE TABLE IF NOT EXISTS mentions (
        user_id uuid NOT NULL,
        conversation_id uuid NOT NULL,
        seq bigint NOT NULL,
        message_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (user_id, conversation_id, seq)
      )
      """,
      "DROP INDEX CONCURRENTLY IF EXISTS conversations_channels",
      """
      CREATE INDEX CONCURRENTLY conversations_channels
        ON conversations (workspace_id, (lower(title) COLLATE "C"), id) WHERE type = 'channel' AND archived_at IS NULL
      """,
      sendMessages, moveCursors,
    ])

  /// As in 0001, where its locks and its plan are explained, and in 0004; new is 4: the conversation is archived. Who repeats
  /// a message that was stored before gets it. The server itself may say something all the same.
  private static let sendMessages = """
    CREATE OR REPLACE FUNCTION send_messages(
      p_conversation uuid[], p_sender uuid[], p_id uuid[], p_event uuid[], p_key text[], p_fingerprint bytea[],
      p_type text[], p_body text[], p_reply_to uuid[], p_attachment uuid[], p_at timestamptz
    ) RETURNS TABLE (status integer, message_id uuid, seq bigint, created_at timestamptz, epoch bigint)
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_bitmapscan = off
    AS $$
    #variable_conflict use_column
    BEGIN
      PERFORM 1 FROM conversations c WHERE c.id = ANY (p_conversation) ORDER BY c.id FOR NO KEY UPDATE;
      RETURN QUERY
      WITH input AS MATERIALIZED (
        SELECT i.*, c.last_seq, c.epoch,
          c.last_seq IS NOT NULL AND (p.user_id IS NOT NULL OR i.type = 'system') AS is_member,
          c.last_seq IS NOT NULL AND (p.user_id IS NOT NULL AND c.archived_at IS NULL OR i.type = 'system') AS may_send,
          k.fingerprint AS known_fingerprint, k.message_id AS known_id, k.seq AS known_seq, k.created_at AS known_at
        FROM unnest(p_conversation, p_sender, p_id, p_event, p_key, p_fingerprint, p_type, p_body, p_reply_to,
            p_attachment)
          WITH ORDINALITY AS i (conversation_id, sender_id, id, event_id, key, fingerprint, type, body, reply_to,
            attachment_id, n)
        LEFT JOIN LATERAL (
          SELECT last_seq, epoch, archived_at FROM conversations WHERE id = i.conversation_id LIMIT 1) c ON true
        LEFT JOIN LATERAL (SELECT user_id FROM participants
          WHERE conversation_id = i.conversation_id AND user_id = i.sender_id LIMIT 1) p ON true
        LEFT JOIN LATERAL (SELECT fingerprint, message_id, seq, created_at FROM idempotency_keys
          WHERE user_id = i.sender_id AND key = i.key LIMIT 1) k ON true
      ), numbered AS MATERIALIZED (
        SELECT input.*, CASE WHEN may_send AND known_id IS NULL THEN
          last_seq + count(*) FILTER (WHERE may_send AND known_id IS NULL)
            OVER (PARTITION BY conversation_id ORDER BY n ROWS UNBOUNDED PRECEDING) END AS seq
        FROM input
      ), accepted AS NOT MATERIALIZED (
        SELECT * FROM numbered WHERE seq IS NOT NULL
      ), counted AS (
        UPDATE conversations c SET (last_seq, message_count, last_message_at) =
          (SELECT max(a.seq), c.message_count + count(*), p_at FROM accepted a WHERE a.conversation_id = c.id)
        WHERE c.id = ANY (ARRAY (SELECT DISTINCT conversation_id FROM accepted))
      ), stored AS (
        INSERT INTO messages (conversation_id, seq, id, sender_id, type, body, reply_to, attachment_id, created_at)
        SELECT conversation_id, seq, id, sender_id, type, body, reply_to, attachment_id, p_at FROM accepted
      ), keyed AS (
        INSERT INTO idempotency_keys (user_id, key, fingerprint, conversation_id, seq, message_id, created_at)
        SELECT sender_id, key, fingerprint, conversation_id, seq, id, p_at FROM accepted
        WHERE key IS NOT NULL ORDER BY sender_id, key
      ), queued AS (
        INSERT INTO outbox (id, type, conversation_id, seq, created_at)
        SELECT event_id, 'message.created', conversation_id, seq, p_at FROM accepted
      )
      SELECT CASE
          WHEN seq IS NOT NULL THEN 0
          WHEN NOT is_member THEN 3
          WHEN known_id IS NULL THEN 4
          WHEN known_fingerprint = fingerprint THEN 1
          ELSE 2
        END,
        CASE WHEN seq IS NULL THEN known_id ELSE id END, coalesce(seq, known_seq),
        CASE WHEN seq IS NULL THEN known_at ELSE p_at END, CASE WHEN seq IS NOT NULL THEN epoch END
      FROM numbered ORDER BY n;
    END $$
    """

  /// Moves cursors, in one statement a batch; each (conversation, user) is in it once. Row n of the answer belongs to
  /// element n of the arrays. A cursor only moves forward, and not beyond the conversation's end, so that a batch can be
  /// sent again. Reading implies that it was delivered.
  ///
  /// What is told to the others is told at most once in `p_pause` for each reader and kind, whichever process asks: the row
  /// itself says when it was last. `…_told`: 0 nothing to tell · 1 told now, its event is in the outbox if the room is
  /// small · 2 too soon, ask again later with `p_owes_…`.
  ///
  /// Locks the participants in the order of their keys. The plan is forced as that of `send_messages` is.
  private static let moveCursors = """
    CREATE OR REPLACE FUNCTION move_cursors(
      p_conversation uuid[], p_user uuid[], p_read bigint[], p_delivered bigint[], p_owes_read boolean[],
      p_owes_delivered boolean[], p_read_event uuid[], p_delivered_event uuid[], p_pause bigint, p_room bigint
    ) RETURNS TABLE (is_member boolean, read_seq bigint, delivered_seq bigint, read_told integer,
      delivered_told integer, is_small boolean, epoch bigint, at timestamptz)
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
    #variable_conflict use_column
    BEGIN
      PERFORM 1 FROM (SELECT c, u FROM unnest(p_conversation, p_user) AS i (c, u) ORDER BY c, u) i
        CROSS JOIN LATERAL (SELECT 1 FROM participants
          WHERE conversation_id = i.c AND user_id = i.u LIMIT 1 FOR NO KEY UPDATE) p;
      RETURN QUERY
      WITH input AS MATERIALIZED (
        SELECT i.n, i.conversation_id, i.user_id, i.read_event, i.delivered_event,
          i.owes_read, i.owes_delivered, c.epoch, p.user_id IS NOT NULL AND c.last_seq IS NOT NULL AS is_member,
          p.read_seq AS old_read, p.delivered_seq AS old_delivered,
          greatest(p.read_seq, least(i.read, c.last_seq)) AS new_read,
          greatest(p.delivered_seq, least(greatest(i.delivered, i.read), c.last_seq)) AS new_delivered,
          coalesce(p.read_told_at <= now() - p_pause * interval '1 microsecond', true) AS may_tell_read,
          coalesce(p.delivered_told_at <= now() - p_pause * interval '1 microsecond', true) AS may_tell_delivered
        FROM unnest(p_conversation, p_user, p_read, p_delivered, p_owes_read, p_owes_delivered, p_read_event,
          p_delivered_event) WITH ORDINALITY
          AS i (conversation_id, user_id, read, delivered, owes_read, owes_delivered, read_event, delivered_event, n)
        LEFT JOIN LATERAL (SELECT last_seq, epoch FROM conversations WHERE id = i.conversation_id LIMIT 1) c ON true
        LEFT JOIN LATERAL (SELECT user_id, read_seq, delivered_seq, read_told_at, delivered_told_at FROM participants
          WHERE conversation_id = i.conversation_id AND user_id = i.user_id LIMIT 1) p ON true
      ), judged AS MATERIALIZED (
        SELECT input.*,
          CASE WHEN NOT is_member OR NOT (new_read > old_read OR owes_read) THEN 0
            WHEN may_tell_read THEN 1 ELSE 2 END AS read_told,
          CASE WHEN NOT is_member
              OR NOT (new_delivered > new_read AND (new_delivered > old_delivered OR owes_delivered)) THEN 0
            WHEN may_tell_delivered THEN 1 ELSE 2 END AS delivered_told
        FROM input
      ), decided AS MATERIALIZED (
        SELECT judged.*, CASE WHEN read_told = 1 OR delivered_told = 1 THEN
          (SELECT count(*) FROM (SELECT FROM participants WHERE conversation_id = judged.conversation_id
            LIMIT p_room + 1) p) <= p_room END AS is_small
        FROM judged
      ), moved AS (
        UPDATE participants p SET read_seq = d.new_read, delivered_seq = d.new_delivered,
          read_told_at = CASE WHEN d.read_told = 1 THEN now() ELSE p.read_told_at END,
          delivered_told_at = CASE WHEN d.delivered_told = 1 THEN now() ELSE p.delivered_told_at END
        FROM decided d
        WHERE p.conversation_id = d.conversation_id AND p.user_id = d.user_id AND d.is_member
          AND (d.new_read > d.old_read OR d.new_delivered > d.old_delivered OR d.read_told = 1 OR d.delivered_told = 1)
      ), recorded AS (
        INSERT INTO receipts (conversation_id, user_id, to_seq, from_seq, at)
        SELECT conversation_id, user_id, new_read, old_read, now() FROM decided
        WHERE is_member AND new_read > old_read
        ON CONFLICT DO NOTHING
      ), queued AS (
        INSERT INTO outbox (id, type, conversation_id, payload, created_at)
        SELECT e.id, e.type, d.conversation_id, format(
          '{"conversationId":"%s","userId":"%s","seq":%s,"at":"%s"}', d.conversation_id, d.user_id, e.seq,
          to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), now()
        FROM decided d CROSS JOIN LATERAL (VALUES
          (d.read_event, 'message.read', d.new_read, d.read_told),
          (d.delivered_event, 'message.delivered', d.new_delivered, d.delivered_told)) AS e (id, type, seq, told)
        WHERE e.told = 1 AND d.is_small
      )
      SELECT is_member, new_read, new_delivered, read_told, delivered_told, is_small, epoch, now()
      FROM decided ORDER BY n;
    END $$
    """
}
