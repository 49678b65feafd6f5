extension Migration {
  /// Tenants, people, conversations, messages and the outbox.
  ///
  /// Two choices to know:
  /// - `messages` has no foreign keys. Every insert goes through `send_messages`, which holds the conversation's row; a
  ///   constraint would check again what the function has just checked, once a row, and would tie the partitions down.
  /// - A conversation's `last_seq` has no gaps: it is raised in the transaction that inserts the message. So whoever has
  ///   seen seq 7 and is given seq 9 knows that 8 is in the store.
  static let foundation = Migration(
    version: 1, name: "foundation",
    sql: """
      CREATE TABLE workspaces (
        id uuid PRIMARY KEY,
        name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
        created_at timestamptz NOT NULL DEFAULT now()
      );
      INSERT INTO workspaces (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'main');

      CREATE TABLE users (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces,
        username text NOT NULL CHECK (length(username) BETWEEN 1 AND 64),
        display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 128),
        role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
        password_hash text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        disabled_at timestamptz
      );
      CREATE UNIQUE INDEX users_username ON users (workspace_id, lower(username));

      -- A session is a family of refresh tokens: each token is used once and names its family.
      CREATE TABLE refresh_tokens (
        token_hash bytea PRIMARY KEY,
        session_id uuid NOT NULL,
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        revoked_at timestamptz
      );
      CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
      CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
      CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

      -- The counters move with every message: room on the page keeps those updates off the indexes.
      CREATE TABLE conversations (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces,
        type text NOT NULL CHECK (type IN ('direct', 'group', 'channel')),
        title text CHECK (length(title) BETWEEN 1 AND 200),
        created_by uuid NOT NULL,
        direct_low uuid,
        direct_high uuid,
        last_seq bigint NOT NULL DEFAULT 0,
        message_count bigint NOT NULL DEFAULT 0,
        -- Rises when somebody is removed. Who delivers a message of a later epoch than the one in which it last asked
        -- who the participants are must ask again first.
        epoch bigint NOT NULL DEFAULT 0,
        last_message_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CHECK ((type = 'direct') = (direct_low IS NOT NULL AND direct_high IS NOT NULL)),
        CHECK (direct_low <= direct_high)
      ) WITH (fillfactor = 60);
      CREATE UNIQUE INDEX conversations_direct ON conversations (workspace_id, direct_low, direct_high)
        WHERE type = 'direct';

      CREATE TABLE participants (
        conversation_id uuid NOT NULL,
        user_id uuid NOT NULL,
        role text NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member')),
        joined_at timestamptz NOT NULL DEFAULT now(),
        read_seq bigint NOT NULL DEFAULT 0,
        delivered_seq bigint NOT NULL DEFAULT 0,
        muted_until timestamptz,
        PRIMARY KEY (conversation_id, user_id)
      ) WITH (fillfactor = 80);
      CREATE INDEX participants_user ON participants (user_id, conversation_id);

      CREATE TABLE messages (
        conversation_id uuid NOT NULL,
        seq bigint NOT NULL,
        id uuid NOT NULL,
        sender_id uuid NOT NULL,
        type text NOT NULL CHECK (type IN ('text', 'image', 'file', 'system')),
        body text,
        key_version integer,
        ciphertext bytea,
        iv bytea,
        auth_tag bytea,
        reply_to uuid,
        created_at timestamptz NOT NULL,
        edited_at timestamptz,
        deleted_at timestamptz,
        PRIMARY KEY (conversation_id, seq)
      ) PARTITION BY HASH (conversation_id);
      -- Leads with the id: it finds a message by its id, and refuses the same message sent twice.
      CREATE UNIQUE INDEX messages_id ON messages (id, conversation_id);
      DO $$ BEGIN
        FOR n IN 0..15 LOOP
          EXECUTE format(
            'CREATE TABLE messages_%s PARTITION OF messages FOR VALUES WITH (MODULUS 16, REMAINDER %s)', n, n);
        END LOOP;
      END $$;

      CREATE TABLE idempotency_keys (
        user_id uuid NOT NULL,
        key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
        fingerprint bytea NOT NULL,
        conversation_id uuid NOT NULL,
        seq bigint NOT NULL,
        message_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (user_id, key)
      );
      CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

      -- One row an event that the bus has not acknowledged. The payload of `message.created` is the message itself and
      -- is made from it when somebody else than its writer has to publish it.
      CREATE TABLE outbox (
        id uuid PRIMARY KEY,
        type text NOT NULL,
        conversation_id uuid NOT NULL,
        seq bigint,
        payload text,
        created_at timestamptz NOT NULL DEFAULT now()
      ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

      -- Sends a batch in one statement. Row n of the answer belongs to element n of the arrays:
      --   0 stored · 1 stored before under this key, here is that message · 2 the key is taken by another body
      --   3 no such conversation, or the sender is not in it
      -- Locks: the conversations in the order of their ids, so that two batches never wait for each other in a circle.
      -- The first statement locks, the second takes a new snapshot and sees what the former holders committed.
      -- A connection plans this once, perhaps when the tables are still empty, and a plan that reads whole tables would
      -- cost more with every message until the next ANALYZE. So the plan is forced: each LATERAL with its LIMIT is a look-up
      -- by index for each row, ANY over an array as well, and no two CTEs are joined.
      CREATE FUNCTION send_messages(
        p_conversation uuid[], p_sender uuid[], p_id uuid[], p_event uuid[], p_key text[], p_fingerprint bytea[],
        p_type text[], p_body text[], p_reply_to uuid[], p_at timestamptz
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
          SELECT i.*, c.last_seq, c.epoch, c.last_seq IS NOT NULL AND p.user_id IS NOT NULL AS is_member,
            k.fingerprint AS known_fingerprint, k.message_id AS known_id, k.seq AS known_seq, k.created_at AS known_at
          FROM unnest(p_conversation, p_sender, p_id, p_event, p_key, p_fingerprint, p_type, p_body, p_reply_to)
            WITH ORDINALITY AS i (conversation_id, sender_id, id, event_id, key, fingerprint, type, body, reply_to, n)
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
          INSERT INTO messages (conversation_id, seq, id, sender_id, type, body, reply_to, created_at)
          SELECT conversation_id, seq, id, sender_id, type, body, reply_to, p_at FROM accepted
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
      END $$;
      """)
}
