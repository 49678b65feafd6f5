extension Migration {
  /// Edits, deletes and reactions as entries of the conversation's log; references to attachments; full-text search.
  ///
  /// Things to know:
  /// - `message_changes` shares the counter `conversations.last_seq` with `messages`: together they are a conversation's
  ///   log, without gaps. It holds no bodies: what a message says is in its row only.
  /// - `messages.changed_seq` is the entry that gave a message its present text; with `seq` in its place where there is
  ///   none it is the message's version.
  /// - `search_queue` is filled when a message's event leaves the outbox, and emptied by `index_messages`: so that sending
  ///   does not pay for the index. See docs/MESSAGES.md for what that saves.
  ///
  /// It only adds. The earlier `send_messages` stays, for the release before this one calls it.
  static let messages = Migration(
    version: 4, name: "messages",
    withoutTransaction: [
      "ALTER TABLE conversations ADD COLUMN IF NOT EXISTS encrypted boolean NOT NULL DEFAULT false",
      """
      ALTER TABLE messages ADD COLUMN IF NOT EXISTS attachment_id uuid, ADD COLUMN IF NOT EXISTS changed_seq bigint
      """,
      """
      CREATE TABLE IF NOT EXISTS message_changes (
        conversation_id uuid NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('updated', 'deleted', 'reacted', 'unreacted')),
        message_id uuid NOT NULL,
        message_seq bigint NOT NULL,
        actor_id uuid NOT NULL,
        -- Of reactions: which, and how many of them the message had then.
        emoji text,
        total bigint,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (conversation_id, seq)
      ) PARTITION BY HASH (conversation_id)
      """,
      """
      CREATE TABLE IF NOT EXISTS reactions (
        conversation_id uuid NOT NULL,
        message_seq bigint NOT NULL,
        emoji text NOT NULL,
        user_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (conversation_id, message_seq, emoji, user_id)
      ) PARTITION BY HASH (conversation_id)
      """,
      // Counted while the conversation is locked: a message that a hundred thousand have reacted to is read as fast as
      // any other.
      """
      CREATE TABLE IF NOT EXISTS reaction_totals (
        conversation_id uuid NOT NULL,
        message_seq bigint NOT NULL,
        emoji text NOT NULL,
        total bigint NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (conversation_id, message_seq, emoji)
      ) PARTITION BY HASH (conversation_id)
      """,
      // The conversation is one of the words, so that a search reads the index of nobody else's.
      """
      CREATE TABLE IF NOT EXISTS message_search (
        conversation_id uuid NOT NULL,
        seq bigint NOT NULL,
        message_id uuid NOT NULL,
        words tsvector NOT NULL,
        PRIMARY KEY (conversation_id, seq)
      ) PARTITION BY HASH (conversation_id)
      """,
      """
      DO $$ DECLARE name text; BEGIN
        FOREACH name IN ARRAY ARRAY['message_changes', 'reactions', 'reaction_totals', 'message_search'] LOOP
          FOR n IN 0..15 LOOP
            EXECUTE format(
              'CREATE TABLE IF NOT EXISTS %1$s_%2$s PARTITION OF %1$s FOR VALUES WITH (MODULUS 16, REMAINDER %2$s)',
              name, n);
          END LOOP;
        END LOOP;
      END $$
      """,
      """
      CREATE INDEX IF NOT EXISTS message_search_words ON message_search USING gin (words)
        WITH (gin_pending_list_limit = 512)
      """,
      """
      CREATE TABLE IF NOT EXISTS search_queue (conversation_id uuid NOT NULL, seq bigint NOT NULL)
        WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)
      """,
      sendMessages, changeMessage, indexMessages, sequenceAt,
      // What is there already; a repetition queues it twice, which does no harm.
      """
      INSERT INTO search_queue (conversation_id, seq)
      SELECT conversation_id, seq FROM messages WHERE body IS NOT NULL AND deleted_at IS NULL
      """,
    ])

  /// As in 0001, with attachments; and the server itself need not be a participant of the conversation.
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
          k.fingerprint AS known_fingerprint, k.message_id AS known_id, k.seq AS known_seq, k.created_at AS known_at
        FROM unnest(p_conversation, p_sender, p_id, p_event, p_key, p_fingerprint, p_type, p_body, p_reply_to,
            p_attachment)
          WITH ORDINALITY AS i (conversation_id, sender_id, id, event_id, key, fingerprint, type, body, reply_to,
            attachment_id, n)
        LEFT JOIN LATERAL (SELECT last_seq, epoch FROM conversations WHERE id = i.conversation_id LIMIT 1) c ON true
        LEFT JOIN LATERAL (SELECT user_id FROM participants
          WHERE conversation_id = i.conversation_id AND user_id = i.sender_id LIMIT 1) p ON true
        LEFT JOIN LATERAL (SELECT fingerprint, message_id, seq, created_at FROM idempotency_keys
          WHERE user_id = i.sender_id AND key = i.key LIMIT 1) k ON true
      ), numbered AS MATERIALIZED (
        SELECT input.*, CASE WHEN is_member AND known_id IS NULL THEN
          last_seq + count(*) FILTER (WHERE is_member AND known_id IS NULL)
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
          WHEN known_fingerprint = fingerprint THEN 1
          ELSE 2
        END,
        CASE WHEN seq IS NULL THEN known_id ELSE id END, coalesce(seq, known_seq),
        CASE WHEN seq IS NULL THEN known_at ELSE p_at END, CASE WHEN seq IS NOT NULL THEN epoch END
      FROM numbered ORDER BY n;
    END $$
    """

  /// Makes one change of a message an entry of its conversation's log. The answer's status:
  ///   0 done · 1 it is so already · 2 no such message, or the actor is no participant · 3 not the actor's to do
  ///   4 another version than `p_version` · 5 the message was deleted · 6 too many reactions
  /// `entry` is the new entry's seq. Locks the conversation, as sending and removing do.
  private static let changeMessage = """
    CREATE OR REPLACE FUNCTION change_message(
      p_message uuid, p_actor uuid, p_kind text, p_event uuid, p_version bigint, p_body text, p_emoji text,
      p_at timestamptz, p_most_kinds integer, p_most_own integer
    ) RETURNS TABLE (status integer, r_conversation uuid, r_seq bigint, r_entry bigint, r_epoch bigint, r_total bigint)
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_bitmapscan = off
    AS $$
    DECLARE
      v_role text;
      v_message messages%ROWTYPE;
    BEGIN
      SELECT m.conversation_id, m.seq INTO r_conversation, r_seq FROM messages m
      WHERE m.id = p_message AND EXISTS (
        SELECT FROM participants p WHERE p.conversation_id = m.conversation_id AND p.user_id = p_actor) LIMIT 1;
      status := 2;
      IF NOT FOUND THEN RETURN NEXT; RETURN; END IF;
      SELECT c.epoch INTO r_epoch FROM conversations c WHERE c.id = r_conversation FOR NO KEY UPDATE;
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
          WHEN p_kind = 'updated' AND v_message.body = p_body THEN 1
          WHEN p_version <> coalesce(v_message.changed_seq, v_message.seq) THEN 4
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
        UPDATE messages m SET body = p_body, edited_at = p_at, changed_seq = r_entry
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

  /// Takes messages from the queue and brings the index to what they say now: how many it took. One caller at a time, so
  /// that an older state never overwrites a newer one; the others are answered 0. A word of a body is what `simple` makes
  /// of it: no language is assumed, so no endings are cut.
  private static let indexMessages = """
    CREATE OR REPLACE FUNCTION index_messages(p_limit integer) RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_hashjoin = off SET enable_mergejoin = off
    AS $$
    DECLARE
      v_count integer;
    BEGIN
      -- "search" in ASCII.
      IF NOT pg_try_advisory_xact_lock(126879263777640) THEN RETURN 0; END IF;
      WITH taken AS (
        DELETE FROM search_queue WHERE ctid = ANY (ARRAY (SELECT ctid FROM search_queue LIMIT p_limit))
        RETURNING conversation_id, seq
      ), wanted AS MATERIALIZED (
        SELECT m.* FROM (SELECT DISTINCT conversation_id, seq FROM taken) t CROSS JOIN LATERAL (
          SELECT m.conversation_id, m.seq, m.id,
            CASE WHEN m.deleted_at IS NULL AND m.type <> 'system' THEN m.body END AS body, m.changed_seq
          FROM messages m WHERE m.conversation_id = t.conversation_id AND m.seq = t.seq LIMIT 1) m
      ), written AS (
        INSERT INTO message_search (conversation_id, seq, message_id, words)
        SELECT conversation_id, seq, id,
          to_tsvector('simple', left(body, 100000)) || array_to_tsvector(ARRAY['#' || conversation_id])
        FROM wanted WHERE body <> ''
        ON CONFLICT (conversation_id, seq) DO UPDATE SET words = EXCLUDED.words
      ), forgotten AS (
        DELETE FROM message_search s USING wanted w
        WHERE s.conversation_id = w.conversation_id AND s.seq = w.seq AND w.changed_seq IS NOT NULL
        AND (w.body IS NULL OR w.body = '')
      )
      SELECT count(*) INTO v_count FROM taken;
      RETURN v_count;
    END $$
    """

  /// The seq of a conversation's first message that is not older than `p_at`; one more than the newest message's where all
  /// are. Messages are numbered in the order of their commits, which is that of their times but for the differences of
  /// the servers' clocks: so it is a binary search, and needs no index.
  private static let sequenceAt = """
    CREATE OR REPLACE FUNCTION message_seq_at(p_conversation uuid, p_at timestamptz) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_bitmapscan = off
    AS $$
    DECLARE
      low bigint := 1;
      high bigint;
      middle bigint;
      found_seq bigint;
      found_at timestamptz;
    BEGIN
      SELECT m.seq + 1 INTO high FROM messages m WHERE m.conversation_id = p_conversation ORDER BY m.seq DESC LIMIT 1;
      IF high IS NULL THEN RETURN 1; END IF;
      WHILE low < high LOOP
        middle := (low + high) / 2;
        SELECT m.seq, m.created_at INTO found_seq, found_at FROM messages m
          WHERE m.conversation_id = p_conversation AND m.seq >= middle ORDER BY m.seq LIMIT 1;
        IF found_seq IS NULL OR found_at >= p_at THEN high := middle; ELSE low := found_seq + 1; END IF;
      END LOOP;
      RETURN high;
    END $$
    """
}
