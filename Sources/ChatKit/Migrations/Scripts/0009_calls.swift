extension Migration {
  /// Calls and who took part in them.
  ///
  /// What may not be twice is not left to those who look first: a conversation has one call that goes on
  /// (`calls_live`), and a user is in one call, or rung by one (`call_participants_live`).
  static let calls = Migration(
    version: 9, name: "calls",
    sql: """
      CREATE TABLE calls (
        id uuid PRIMARY KEY,
        conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        creator_id uuid NOT NULL,
        media text NOT NULL CHECK (media IN ('audio', 'video')),
        state text NOT NULL CHECK (state IN ('ringing', 'active', 'ended')),
        outcome text CHECK (outcome IN ('completed', 'cancelled', 'declined', 'missed', 'busy')),
        version bigint NOT NULL,
        created_at timestamptz NOT NULL,
        answered_at timestamptz,
        ended_at timestamptz,
        -- When the first of those who are rung has been rung for long enough.
        deadline timestamptz,
        CHECK ((state = 'ended') = (ended_at IS NOT NULL) AND (state = 'ended') = (outcome IS NOT NULL))
      ) WITH (fillfactor = 70);
      CREATE UNIQUE INDEX calls_live ON calls (conversation_id) WHERE state <> 'ended';
      CREATE INDEX calls_history ON calls (conversation_id, id);
      CREATE INDEX calls_deadline ON calls (deadline) WHERE deadline IS NOT NULL;

      CREATE TABLE call_participants (
        call_id uuid NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
        user_id uuid NOT NULL,
        state text NOT NULL CHECK (state IN ('ringing', 'joined', 'declined', 'missed', 'busy', 'left')),
        ringing_since timestamptz,
        ringing_until timestamptz,
        joined_at timestamptz,
        left_at timestamptz,
        -- Since when none of the user's connections is there, as far as that is known.
        gone_since timestamptz,
        PRIMARY KEY (call_id, user_id)
      ) WITH (fillfactor = 70);
      CREATE UNIQUE INDEX call_participants_live ON call_participants (user_id) WHERE state IN ('ringing', 'joined');
      """,
    down: "DROP TABLE call_participants; DROP TABLE calls")
}
