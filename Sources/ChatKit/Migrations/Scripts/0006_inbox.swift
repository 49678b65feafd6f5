extension Migration {
  /// What the inbox worker keeps: what it has done, mentions, counts, webhooks, push, and what it could not do.
  ///
  /// It only adds. Its scan of `conversations` says that the history up to now is done: the worker would otherwise take
  /// it for what it has missed.
  static let inbox = Migration(
    version: 6, name: "inbox",
    sql: """
      -- An event's id is recorded in the transaction of its effects.
      CREATE TABLE processed_events (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        processed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
      );
      CREATE INDEX processed_events_age ON processed_events (processed_at);

      -- How far the worker has come in each conversation's log. Log entries have no gaps, so an event whose seq is not
      -- the next one says that something was missed, and the store has it.
      CREATE TABLE inbox_positions (
        conversation_id uuid PRIMARY KEY,
        seq bigint NOT NULL
      ) WITH (fillfactor = 60);
      INSERT INTO inbox_positions (conversation_id, seq) SELECT id, last_seq FROM conversations WHERE last_seq > 0;

      CREATE TABLE IF NOT EXISTS mentions (
        user_id uuid NOT NULL,
        conversation_id uuid NOT NULL,
        seq bigint NOT NULL,
        message_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (user_id, conversation_id, seq)
      );
      -- By message: for its edits, its deletion, and the alerts of a repeated event.
      CREATE INDEX IF NOT EXISTS mentions_message ON mentions (conversation_id, seq);

      CREATE TABLE message_counts (
        conversation_id uuid NOT NULL,
        hour timestamptz NOT NULL,
        messages bigint NOT NULL,
        PRIMARY KEY (conversation_id, hour)
      ) WITH (fillfactor = 80);

      -- What could not be done, with what follows it under the same key, in the order in which it is to be done: id. A
      -- key that has a row here is parked.
      CREATE TABLE dead_letters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        consumer text NOT NULL,
        key uuid NOT NULL,
        event_id uuid NOT NULL,
        type text NOT NULL,
        seq bigint,
        payload bytea NOT NULL,
        -- Of the one that failed; of its successors neither.
        effect text,
        error text,
        attempts integer NOT NULL DEFAULT 0,
        parked_at timestamptz NOT NULL DEFAULT now(),
        -- In the topic, for those who watch that.
        published_at timestamptz,
        replay_requested_at timestamptz,
        -- Given up; removed as soon as nothing is before it.
        dropped_at timestamptz,
        UNIQUE (consumer, event_id)
      );
      CREATE INDEX dead_letters_key ON dead_letters (consumer, key, id);
      CREATE INDEX dead_letters_unpublished ON dead_letters (id) WHERE published_at IS NULL;
      CREATE INDEX dead_letters_replays ON dead_letters (consumer, key) WHERE replay_requested_at IS NOT NULL;

      CREATE TABLE webhooks (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces,
        url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
        secret bytea NOT NULL,
        -- Kinds of events; '*' for all.
        events text[] NOT NULL,
        state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        -- Since when no delivery has succeeded.
        failing_since timestamptz,
        disabled_at timestamptz,
        last_error text
      );
      CREATE INDEX webhooks_workspace ON webhooks (workspace_id, id);

      -- What is still to be sent, or was given up (parked). A delivery that has succeeded has no row.
      CREATE TABLE webhook_deliveries (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
        event_id uuid NOT NULL,
        type text NOT NULL,
        body text NOT NULL,
        state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'parked')),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        last_status integer,
        last_error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (webhook_id, event_id)
      );
      CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_attempt_at) WHERE state = 'pending';
      CREATE INDEX webhook_deliveries_parked ON webhook_deliveries (webhook_id, id) WHERE state = 'parked';

      CREATE TABLE push_devices (
        user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
        id text NOT NULL CHECK (length(id) BETWEEN 1 AND 128),
        platform text NOT NULL CHECK (length(platform) BETWEEN 1 AND 32),
        token text NOT NULL CHECK (length(token) BETWEEN 1 AND 4096),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, id)
      );
      CREATE INDEX push_devices_token ON push_devices (md5(token));

      CREATE TABLE push_queue (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id uuid NOT NULL,
        event_id uuid NOT NULL,
        conversation_id uuid NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL,
        body text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (user_id, event_id)
      );
      CREATE INDEX push_queue_due ON push_queue (next_attempt_at);
      """)
}
