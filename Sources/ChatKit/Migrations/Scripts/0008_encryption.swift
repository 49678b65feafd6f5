extension Migration {
  /// Bodies that are encrypted: the keys, and the functions that store them.
  ///
  /// The earlier `send_messages` and `change_message` have other parameters and stay, for the release before this one calls
  /// them: encryption is turned on when no process of that release runs any more.
  static let encryption = Migration(
    version: 8, name: "encryption",
    sql: """
      CREATE TABLE message_keys (
        version integer PRIMARY KEY CHECK (version > 0),
        state text NOT NULL CHECK (state IN ('enabled', 'active', 'disabled', 'destroyed')),
        -- Vector, ciphertext and tag of AES-256-GCM under the master key, with the version as associated data.
        wrapped bytea CHECK ((wrapped IS NULL) = (state = 'destroyed')),
        -- The first eight bytes of the SHA-256 of that master key.
        wrapped_by bytea NOT NULL CHECK (length(wrapped_by) = 8),
        created_at timestamptz NOT NULL DEFAULT now(),
        activated_at timestamptz,
        disabled_at timestamptz,
        destroyed_at timestamptz
      );
      CREATE UNIQUE INDEX message_keys_active ON message_keys (state) WHERE state = 'active';

      \(sendMessages);

      \(changeMessage);
      """)

  /// The functions as they are until 0010, for the way back from there.
  static var encryptionFunctions: String { "\(sendMessages);\n\n\(changeMessage);" }

  /// As in 0001, where its locks and its plan are explained, and as the one before it. A body comes as it is, or as the four
  /// parts of a sealed one; arrays that are NULL stand for NULLs. New is 5: the conversation is encrypted, and the body is not.
  /// That comes before idempotency: the fingerprints of such a conversation are others.
  private static let sendMessages = """
    CREATE OR REPLACE FUNCTION send_messages(
      p_conversation uuid[], p_sender uuid[], p_id uuid[], p_event uuid[], p_key text[], p_fingerprint bytea[],
      p_type text[], p_body text[], p_reply_to uuid[], p_attachment uuid[], p_key_version integer[],
      p_ciphertext bytea[], p_iv bytea[], p_auth_tag bytea[], p_at timestamptz
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
          c.encrypted AND i.key_version IS NULL AS is_bare,
          c.last_seq IS NOT NULL AND (p.user_id IS NOT NULL AND c.archived_at IS NULL OR i.type = 'system')
            AND NOT (c.encrypted AND i.key_version IS NULL) AS may_send,
          k.fingerprint AS known_fingerprint, k.message_id AS known_id, k.seq AS known_seq, k.created_at AS known_at
        FROM unnest(p_conversation, p_sender, p_id, p_event, p_key, p_fingerprint, p_type, p_body, p_reply_to,
            p_attachment, p_key_version, p_ciphertext, p_iv, p_auth_tag)
          WITH ORDINALITY AS i (conversation_id, sender_id, id, event_id, key, fingerprint, type, body, reply_to,
            attachment_id, key_version, ciphertext, iv, auth_tag, n)
        LEFT JOIN LATERAL (
          SELECT last_seq, epoch, archived_at, encrypted FROM conversations WHERE id = i.conversation_id LIMIT 1) c ON true
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
        INSERT INTO messages (conversation_id, seq, id, sender_id, type, body, reply_to, attachment_id, created_at,
          key_version, ciphertext, iv, auth_tag)
        SELECT conversation_id, seq, id, sender_id, type, CASE WHEN key_version IS NULL THEN body END, reply_to,
          attachment_id, p_at, key_version, ciphertext, iv, auth_tag FROM accepted
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
          WHEN is_bare THEN 5
          WHEN known_id IS NULL THEN 4
          WHEN known_fingerprint = fingerprint THEN 1
          ELSE 2
        END,
        CASE WHEN seq IS NULL THEN known_id ELSE id END, coalesce(seq, known_seq),
        CASE WHEN seq IS NULL THEN known_at ELSE p_at END, CASE WHEN seq IS NOT NULL THEN epoch END
      FROM numbered ORDER BY n;
    END $$
    """

  /// As in 0004. What is sealed cannot be compared here: `p_same` is the version of which the caller knows that its body is
  /// the new one already. New is 7: encrypted, and the body is not, or the other way around.
  private static let changeMessage = """
    CREATE OR REPLACE FUNCTION change_message(
      p_message uuid, p_actor uuid, p_kind text, p_event uuid, p_version bigint, p_body text,
      p_key_version integer, p_ciphertext bytea, p_iv bytea, p_auth_tag bytea, p_same bigint, p_emoji text,
      p_at timestamptz, p_most_kinds integer, p_most_own integer
    ) RETURNS TABLE (status integer, r_conversation uuid, r_seq bigint, r_entry bigint, r_epoch bigint, r_total bigint)
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_bitmapscan = off
    AS $$
    DECLARE
      v_role text;
      v_encrypted boolean;
      v_message messages%ROWTYPE;
    BEGIN
      SELECT m.conversation_id, m.seq INTO r_conversation, r_seq FROM messages m
      WHERE m.id = p_message AND EXISTS (
        SELECT FROM participants p WHERE p.conversation_id = m.conversation_id AND p.user_id = p_actor) LIMIT 1;
      status := 2;
      IF NOT FOUND THEN RETURN NEXT; RETURN; END IF;
      SELECT c.epoch, c.encrypted INTO r_epoch, v_encrypted FROM conversations c WHERE c.id = r_conversation FOR NO KEY UPDATE;
      -- Asked once the lock is held: whoever waited for it must see what its former holder did.
      SELECT p.role INTO v_role FROM participants p WHERE p.conversation_id = r_conversation AND p.user_id = p_actor;
      IF NOT FOUND THEN RETURN NEXT; RETURN; END IF;
      SELECT * INTO v_message FROM messages m WHERE m.conversation_id = r_conversation AND m.seq = r_seq;
      SELECT t.total INTO r_total FROM reaction_totals t
        WHERE t.conversation_id = r_conversation AND t.message_seq = r_seq AND t.emoji = p_emoji;
      r_total := coalesce(r_total, 0);

      IF p_kind IN ('updated', 'deleted') THEN
        status := CASE
          WHEN p_kind = 'deleted' AND v_message.deleted_at IS NOT NULL THEN 1
          WHEN v_message.type = 'system' THEN 3
          WHEN v_message.sender_id <> p_actor AND (p_kind = 'updated' OR v_role <> 'admin') THEN 3
          WHEN v_message.deleted_at IS NOT NULL THEN 5
          -- A repetition of an edit whose answer was lost, whatever version it names.
          WHEN p_kind = 'updated' AND (v_message.body = p_body
            OR p_same = coalesce(v_message.changed_seq, v_message.seq)) THEN 1
          WHEN p_version <> coalesce(v_message.changed_seq, v_message.seq) THEN 4
          WHEN p_kind = 'updated' AND v_encrypted <> (p_key_version IS NOT NULL) THEN 7
          ELSE 0
        END;
      ELSIF EXISTS (SELECT FROM reactions r WHERE r.conversation_id = r_conversation AND r.message_seq = r_seq
          AND r.emoji = p_emoji AND r.user_id = p_actor) = (p_kind = 'reacted') THEN
        status := 1;
      ELSIF v_message.deleted_at IS NOT NULL THEN
        status := 5;
      ELSE
        status := 0;
        IF p_kind = 'reacted' THEN
          SELECT 6 INTO status FROM (
            SELECT count(*) AS kinds, count(*) FILTER (WHERE EXISTS (SELECT FROM reactions r
              WHERE r.conversation_id = r_conversation AND r.message_seq = r_seq AND r.emoji = t.emoji
              AND r.user_id = p_actor)) AS own
            FROM reaction_totals t WHERE t.conversation_id = r_conversation AND t.message_seq = r_seq) counts
          WHERE own >= p_most_own OR (kinds >= p_most_kinds AND r_total = 0);
          status := coalesce(status, 0);
        END IF;
      END IF;
      IF status <> 0 THEN RETURN NEXT; RETURN; END IF;

      UPDATE conversations c SET last_seq = c.last_seq + 1 WHERE c.id = r_conversation RETURNING c.last_seq INTO r_entry;
      IF p_kind = 'updated' THEN
        UPDATE messages m SET body = CASE WHEN p_key_version IS NULL THEN p_body END, key_version = p_key_version,
          ciphertext = p_ciphertext, iv = p_iv, auth_tag = p_auth_tag, edited_at = p_at, changed_seq = r_entry
          WHERE m.conversation_id = r_conversation AND m.seq = r_seq;
      ELSIF p_kind = 'deleted' THEN
        UPDATE messages m SET body = NULL, key_version = NULL, ciphertext = NULL, iv = NULL, auth_tag = NULL,
          attachment_id = NULL, deleted_at = p_at, changed_seq = r_entry
          WHERE m.conversation_id = r_conversation AND m.seq = r_seq;
        DELETE FROM reactions r WHERE r.conversation_id = r_conversation AND r.message_seq = r_seq;
        DELETE FROM reaction_totals t WHERE t.conversation_id = r_conversation AND t.message_seq = r_seq;
      ELSIF p_kind = 'reacted' THEN
        INSERT INTO reactions (conversation_id, message_seq, emoji, user_id, created_at)
          VALUES (r_conversation, r_seq, p_emoji, p_actor, p_at);
        INSERT INTO reaction_totals AS t (conversation_id, message_seq, emoji, total, created_at)
          VALUES (r_conversation, r_seq, p_emoji, 1, p_at)
          ON CONFLICT (conversation_id, message_seq, emoji) DO UPDATE SET total = t.total + 1;
        r_total := r_total + 1;
      ELSE
        DELETE FROM reactions r WHERE r.conversation_id = r_conversation AND r.message_seq = r_seq
          AND r.emoji = p_emoji AND r.user_id = p_actor;
        r_total := r_total - 1;
        UPDATE reaction_totals t SET total = r_total
          WHERE t.conversation_id = r_conversation AND t.message_seq = r_seq AND t.emoji = p_emoji;
        DELETE FROM reaction_totals t
          WHERE t.conversation_id = r_conversation AND t.message_seq = r_seq AND t.emoji = p_emoji AND t.total <= 0;
      END IF;
      INSERT INTO message_changes (
          conversation_id, seq, kind, message_id, message_seq, actor_id, emoji, total, created_at)
        VALUES (r_conversation, r_entry, p_kind, p_message, r_seq, p_actor, p_emoji,
          CASE WHEN p_emoji IS NOT NULL THEN r_total END, p_at);
      INSERT INTO outbox (id, type, conversation_id, seq, created_at)
        VALUES (p_event, CASE p_kind WHEN 'updated' THEN 'message.updated' WHEN 'deleted' THEN 'message.deleted'
          ELSE 'reaction.changed' END, r_conversation, r_entry, p_at);
      IF p_kind IN ('updated', 'deleted') THEN
        INSERT INTO search_queue (conversation_id, seq) VALUES (r_conversation, r_seq);
      END IF;
      RETURN NEXT;
    END $$
    """
}
