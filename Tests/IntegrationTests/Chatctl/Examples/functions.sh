# What the lines before and after an example are written with. The environment is the examples' own; DSN is for psql.
set -euo pipefail

sql() { psql -qAt -v ON_ERROR_STOP=1 "$DSN" -c "$1"; }

# The identifier of a room that is named.
room() { chatctl room get "$1" -o name | cut -d/ -f2; }

# A request of a user: api POST ann /api/messages '{…}'
api() {
  curl -sSf -X "$1" -H "Authorization: Bearer $(chatctl user token "$2")" -H 'Content-Type: application/json' \
    ${4:+-d "$4"} "$CHATD_URL$3"
}

# A message of a user in a room: say ann general hello; its identifier.
say() {
  api POST "$1" /api/messages "{\"conversationId\":\"$(room "$2")\",\"body\":\"$3\"}" |
    grep -o '"id":"[^"]*"' | head -1 | cut -d'"' -f4
}

# Somebody is there, with a device that says so itself.
there() { api POST "$1" /heartbeat '{"deviceId":"phone"}' > /dev/null; }

# ann, bob and eve, and the channel general.
people() {
  printf 'username,displayName\nann,Ann Lee\nbob,Bob\neve,Eve\n' | chatctl user import - --format csv > /dev/null
  chatctl room create general --owner ann --member bob > /dev/null
}

# A dead letter: letter EVENT ROOM
letter() {
  sql "INSERT INTO dead_letters (consumer, key, event_id, type, seq, payload, effect, error, attempts)
    VALUES ('inbox', '$2', '$1', 'message.created', 1, 'no event', 'mentions', 'a mistake', 5)"
}

# Waits until a command succeeds, 30 seconds at most.
until_ok() {
  for _ in $(seq 300); do
    if "$@" > /dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  "$@"
}
