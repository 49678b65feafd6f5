extension Migration {
  /// Workspaces with settings and limits; blocks between users; reports of messages and the audit log; read-only
  /// conversations and slow mode.
  ///
  /// Things to know:
  /// - `conversations.blocked` says that one of a direct conversation's two blocks the other. It repeats what is in
  ///   `user_blocks`, so that sending need not look there; whoever changes one changes the other, with the row locked.
  /// - `slow_marks` is written by `send_messages` alone, which holds the conversation: in `participants`, whose rows the
  ///   cursors lock in another order, two could wait for each other.
  static let moderation = Migration(
    version: 10, name: "moderation",
    sql: """
      ALTER TABLE workspaces
        ADD COLUMN registration text NOT NULL DEFAULT 'open' CHECK (registration IN ('open', 'closed')),
        ADD COLUMN max_users bigint CHECK (max_users >= 0),
        ADD COLUMN max_conversations bigint CHECK (max_conversations >= 0),
        ADD COLUMN max_participants bigint CHECK (max_participants >= 0);

      ALTER TABLE conversations
        ADD COLUMN blocked boolean NOT NULL DEFAULT false,
        ADD COLUMN read_only boolean NOT NULL DEFAULT false,
        ADD COLUMN slow_seconds integer NOT NULL DEFAULT 0 CHECK (slow_seconds BETWEEN 0 AND 21600);

      -- user_id wants nothing of blocked_id.
      CREATE TABLE user_blocks (
        user_id uuid NOT NULL,
        blocked_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, blocked_id)
      );
      CREATE INDEX user_blocks_blocked ON user_blocks (blocked_id, user_id);

      -- When a member last sent to a conversation in slow mode.
      CREATE TABLE slow_marks (
        conversation_id uuid NOT NULL,
        user_id uuid NOT NULL,
        sent_at timestamptz NOT NULL,
        PRIMARY KEY (conversation_id, user_id)
      ) WITH (fillfactor = 80);

      -- What the message says is in its row only; one report of a message by each.
      CREATE TABLE message_reports (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL,
        conversation_id uuid NOT NULL,
        message_seq bigint NOT NULL,
        message_id uuid NOT NULL,
        sender_id uuid NOT NULL,
        reporter_id uuid NOT NULL,
        reason text NOT NULL,
        note text CHECK (length(note) <= 1000),
        created_at timestamptz NOT NULL DEFAULT now(),
        resolved_at timestamptz,
        resolved_by uuid,
        action text CHECK (action IN ('dismiss', 'delete_message', 'disable_user')),
        CHECK ((resolved_at IS NULL) = (action IS NULL)),
        UNIQUE (message_id, reporter_id)
      );
      CREATE INDEX message_reports_all ON message_reports (workspace_id, id);
      CREATE INDEX message_reports_open ON message_reports (workspace_id, id) WHERE resolved_at IS NULL;

      -- What administrators did. Rows are only added.
      CREATE TABLE audit_log (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL,
        actor_id uuid NOT NULL,
        action text NOT NULL,
        subject_id uuid NOT NULL,
        details text NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX audit_log_workspace ON audit_log (workspace_id, id);

      \(sendMessages);

      \(changeMessage);

      \(removeMessage);
      """,
    // What people rely on is not dropped with its table: who wants nothing of whom, what was reported, and who did what.
    down: """
      DO $$ BEGIN
        IF EXISTS (SELECT FROM user_blocks) OR EXISTS (SELECT FROM message_reports) OR EXISTS (SELECT FROM audit_log) THEN
          RAISE EXCEPTION 'user_blocks, message_reports or audit_log has rows'
            USING HINT = 'Keep them elsewhere and empty these tables, if they are to go.';
        END IF;
      END $$;
      DROP FUNCTION remove_message(uuid, bigint, uuid, uuid, timestamptz);
      \(encryptionFunctions)
      DROP TABLE user_blocks, slow_marks, message_reports, audit_log;
      ALTER TABLE conversations DROP COLUMN blocked, DROP COLUMN read_only, DROP COLUMN slow_seconds;
      ALTER TABLE workspaces DROP COLUMN registration, DROP COLUMN max_users, DROP COLUMN max_conversations,
        DROP COLUMN max_participants;
      """,
    allowing: [
      .constraintBlocks: "the columns are new and of one value: workspaces are few, and conversations are read once",
      .manyLocks: "a column of one value is added without writing a row",
    ])

  /// As in 0001, where its locks and its plan are explained, in 0004, 0005 and 0008. New are, for what is no repetition:
  ///   6 one of the two blocks the other · 7 only admins send · 8 slow mode: `created_at` says from when on
  /// Whether a conversation is read-only or slow is known from the statement that locks it. What is not pays for nothing but
  /// a column more; what is, is judged and marked by statements of its own, which the one that stores knows nothing of.
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
    DECLARE
      v_restricted boolean;
      v_refusal integer[];
      v_until timestamptz[];
    BEGIN
      SELECT bool_or(c.read_only OR c.slow_seconds > 0) INTO v_restricted FROM (
        SELECT read_only, slow_seconds FROM conversations WHERE id = ANY (p_conversation) ORDER BY id FOR NO KEY UPDATE) c;
      IF v_restricted THEN
        SELECT array_agg(r.refusal ORDER BY r.n), array_agg(r.until ORDER BY r.n) INTO v_refusal, v_until FROM (
          SELECT i.n,
            CASE
              WHEN p.role = 'admin' THEN 0
              WHEN c.read_only THEN 7
              WHEN s.sent_at IS NOT NULL THEN 8
              -- One before it in this batch, which is not only a repetition.
              WHEN c.slow_seconds > 0 AND EXISTS (
                SELECT FROM unnest(p_conversation, p_sender, p_key) WITH ORDINALITY AS e (conversation_id, sender_id, key, n)
                WHERE e.n < i.n AND e.conversation_id = i.conversation_id AND e.sender_id = i.sender_id
                  AND NOT EXISTS (SELECT FROM idempotency_keys k WHERE k.user_id = e.sender_id AND k.key = e.key)) THEN 8
              ELSE 0
            END AS refusal,
            coalesce(s.sent_at, p_at) + c.slow_seconds * interval '1 second' AS until
          FROM unnest(p_conversation, p_sender) WITH ORDINALITY AS i (conversation_id, sender_id, n)
          LEFT JOIN LATERAL (
            SELECT read_only, slow_seconds FROM conversations WHERE id = i.conversation_id LIMIT 1) c ON true
          LEFT JOIN LATERAL (SELECT role FROM participants
            WHERE conversation_id = i.conversation_id AND user_id = i.sender_id LIMIT 1) p ON true
          LEFT JOIN LATERAL (SELECT sent_at FROM slow_marks
            WHERE conversation_id = i.conversation_id AND user_id = i.sender_id
              AND sent_at > p_at - c.slow_seconds * interval '1 second' LIMIT 1) s ON true) r;
      END IF;
      RETURN QUERY
      WITH input AS MATERIALIZED (
        SELECT i.*, c.last_seq, c.epoch,
          CASE
            WHEN c.last_seq IS NULL OR (p.user_id IS NULL AND i.type <> 'system') THEN 3
            WHEN c.encrypted AND i.key_version IS NULL THEN 5
            WHEN i.type = 'system' THEN 0
            WHEN c.archived_at IS NOT NULL THEN 4
            WHEN c.blocked THEN 6
            ELSE coalesce(i.restriction, 0)
          END AS refusal,
          k.fingerprint AS known_fingerprint, k.message_id AS known_id, k.seq AS known_seq, k.created_at AS known_at
        FROM unnest(p_conversation, p_sender, p_id, p_event, p_key, p_fingerprint, p_type, p_body, p_reply_to,
            p_attachment, p_key_version, p_ciphertext, p_iv, p_auth_tag, v_refusal, v_until)
          WITH ORDINALITY AS i (conversation_id, sender_id, id, event_id, key, fingerprint, type, body, reply_to,
            attachment_id, key_version, ciphertext, iv, auth_tag, restriction, until, n)
        LEFT JOIN LATERAL (SELECT last_seq, epoch, archived_at, encrypted, blocked FROM conversations
          WHERE id = i.conversation_id LIMIT 1) c ON true
        LEFT JOIN LATERAL (SELECT user_id FROM participants
          WHERE conversation_id = i.conversation_id AND user_id = i.sender_id LIMIT 1) p ON true
        LEFT JOIN LATERAL (SELECT fingerprint, message_id, seq, created_at FROM idempotency_keys
          WHERE user_id = i.sender_id AND key = i.key LIMIT 1) k ON true
      ), numbered AS MATERIALIZED (
        SELECT input.*, CASE WHEN refusal = 0 AND known_id IS NULL THEN
          last_seq + count(*) FILTER (WHERE refusal = 0 AND known_id IS NULL)
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
          WHEN refusal IN (3, 5) THEN refusal
          WHEN known_id IS NULL THEN refusal
          WHEN known_fingerprint = fingerprint THEN 1
          ELSE 2
        END,
        CASE WHEN seq IS NULL THEN known_id ELSE id END, coalesce(seq, known_seq),
        CASE WHEN seq IS NULL THEN coalesce(known_at, until) ELSE p_at END,
        CASE WHEN seq IS NOT NULL THEN epoch END
      FROM numbered ORDER BY n;
      IF v_restricted THEN
        INSERT INTO slow_marks (conversation_id, user_id, sent_at)
        SELECT DISTINCT i.conversation_id, i.sender_id, p_at
        FROM unnest(p_conversation, p_sender, p_id, p_type) AS i (conversation_id, sender_id, id, type)
        CROSS JOIN LATERAL (SELECT FROM conversations
          WHERE id = i.conversation_id AND slow_seconds > 0 LIMIT 1) c
        CROSS JOIN LATERAL (SELECT FROM messages WHERE id = i.id AND conversation_id = i.conversation_id LIMIT 1) m
        WHERE i.type <> 'system'
        ON CONFLICT (conversation_id, user_id) DO UPDATE SET sent_at = excluded.sent_at;
      END IF;
    END $$
    """

  /// As in 0008. New are, for what is not so already:
  ///   8 the conversation is archived: what is said in it can be deleted, and nothing else
  ///   9 one of the two blocks the other: what is said can be deleted, and reactions be taken back
  ///   10 only admins send, and so only they edit; there are reactions all the same
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
      v_restriction integer;
      v_read_only boolean;
      v_message messages%ROWTYPE;
    BEGIN
      SELECT m.conversation_id, m.seq INTO r_conversation, r_seq FROM messages m
      WHERE m.id = p_message AND EXISTS (
        SELECT FROM participants p WHERE p.conversation_id = m.conversation_id AND p.user_id = p_actor) LIMIT 1;
      status := 2;
      IF NOT FOUND THEN RETURN NEXT; RETURN; END IF;
      SELECT c.epoch, c.encrypted, c.read_only,
          CASE WHEN c.archived_at IS NOT NULL THEN 8 WHEN c.blocked AND p_kind <> 'unreacted' THEN 9 END
        INTO r_epoch, v_encrypted, v_read_only, v_restriction
        FROM conversations c WHERE c.id = r_conversation FOR NO KEY UPDATE;
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
          WHEN p_kind = 'updated' AND v_restriction IS NOT NULL THEN v_restriction
          WHEN p_kind = 'updated' AND v_read_only AND v_role <> 'admin' THEN 10
          WHEN p_version <> coalesce(v_message.changed_seq, v_message.seq) THEN 4
          WHEN p_kind = 'updated' AND v_encrypted <> (p_key_version IS NOT NULL) THEN 7
          ELSE 0
        END;
      ELSIF EXISTS (SELECT FROM reactions r WHERE r.conversation_id = r_conversation AND r.message_seq = r_seq
          AND r.emoji = p_emoji AND r.user_id = p_actor) = (p_kind = 'reacted') THEN
        status := 1;
      ELSIF v_message.deleted_at IS NOT NULL THEN
        status := 5;
      ELSIF v_restriction IS NOT NULL THEN
        status := v_restriction;
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

  /// Leaves a tombstone in a message's place, whoever's it is: for moderators, who need not be participants. Otherwise as
  /// `change_message` deletes. The answer's status: 0 done · 1 it is so already · 2 no such message.
  private static let removeMessage = """
    CREATE FUNCTION remove_message(
      p_conversation uuid, p_message_seq bigint, p_actor uuid, p_event uuid, p_at timestamptz
    ) RETURNS TABLE (status integer, r_entry bigint, r_epoch bigint)
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_bitmapscan = off
    AS $$
    DECLARE
      v_message messages%ROWTYPE;
    BEGIN
      SELECT c.epoch INTO r_epoch FROM conversations c WHERE c.id = p_conversation FOR NO KEY UPDATE;
      SELECT * INTO v_message FROM messages m WHERE m.conversation_id = p_conversation AND m.seq = p_message_seq;
      status := CASE WHEN v_message.id IS NULL THEN 2 WHEN v_message.deleted_at IS NOT NULL THEN 1 ELSE 0 END;
      IF status <> 0 THEN RETURN NEXT; RETURN; END IF;
      UPDATE conversations c SET last_seq = c.last_seq + 1 WHERE c.id = p_conversation RETURNING c.last_seq INTO r_entry;
      UPDATE messages m SET body = NULL, key_version = NULL, ciphertext = NULL, iv = NULL, auth_tag = NULL,
        attachment_id = NULL, deleted_at = p_at, changed_seq = r_entry
        WHERE m.conversation_id = p_conversation AND m.seq = p_message_seq;
      DELETE FROM reactions r WHERE r.conversation_id = p_conversation AND r.message_seq = p_message_seq;
      DELETE FROM reaction_totals t WHERE t.conversation_id = p_conversation AND t.message_seq = p_message_seq;
      INSERT INTO message_changes (conversation_id, seq, kind, message_id, message_seq, actor_id, created_at)
        VALUES (p_conversation, r_entry, 'deleted', v_message.id, p_message_seq, p_actor, p_at);
      INSERT INTO outbox (id, type, conversation_id, seq, created_at)
        VALUES (p_event, 'message.deleted', p_conversation, r_entry, p_at);
      INSERT INTO search_queue (conversation_id, seq) VALUES (p_conversation, p_message_seq);
      RETURN NEXT;
    END $$
    """
}
