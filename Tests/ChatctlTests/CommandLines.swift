/// A full line of each command that does something, with all of its own options in their various spellings, and the values
/// that it stands for: what was given, by the parameters' names, as Swift describes the values; a list's are separated by
/// commas.
struct CommandLine {
  let line: String
  let values: [String: String]

  init(_ line: String, _ values: [String: String]) {
    self.line = line
    self.values = values
  }

  static let all: [CommandLine] = manifests + migrations + people + rooms + keys + running + bus + looking

  private static let manifests = [
    CommandLine(
      "apply -f a.yaml -f b/ --owner=ops --prune --prune-limit 0 --wait -o ndjson --fields name,risk --dry-run --yes",
      [
        "filename": "a.yaml,b/", "owner": "ops", "prune": "true", "prune-limit": "0", "wait": "true",
        "output": "ndjson", "fields": "name,risk", "dry-run": "true", "yes": "true",
      ]),
    CommandLine("apply next.plan -y --timeout 2m", ["plan": "next.plan", "yes": "true", "timeout": "120.0 seconds"]),
    CommandLine(
      "diff --filename - --owner team-a --prune --prune-limit=100000 -ojson",
      ["filename": "-", "owner": "team-a", "prune": "true", "prune-limit": "100000", "output": "json"]),
    CommandLine(
      "plan -f m --out next.plan --owner ops --prune --prune-limit 3 --fields risk",
      [
        "filename": "m", "out": "next.plan", "owner": "ops", "prune": "true", "prune-limit": "3", "fields": "risk",
      ]),
    CommandLine(
      "export --kind Room --kind User -w acme --members 0",
      ["kind": "Room,User", "workspace": "acme", "members": "0"]),
    CommandLine("validate -f manifests -o yaml", ["filename": "manifests", "output": "yaml"]),
    CommandLine("explain Room.members --output wide", ["kind": "Room.members", "output": "wide"]),
  ]

  private static let migrations = [
    CommandLine("migrate status -o name --fields state", ["output": "name", "fields": "state"]),
    CommandLine("migrate plan --to 8 --sql", ["to": "8", "sql": "true"]),
    CommandLine("migrate up --to=13 --dry-run", ["to": "13", "dry-run": "true"]),
    CommandLine("migrate down --count 2 -y --dry-run", ["count": "2", "yes": "true", "dry-run": "true"]),
    CommandLine("migrate verify -o json", ["output": "json"]),
    CommandLine("migrate lint --strict a.sql b.swift", ["strict": "true", "file": "a.sql,b.swift"]),
    CommandLine("migrate doctor --no-input", ["no-input": "true"]),
    CommandLine("migrate repair --dry-run --yes", ["dry-run": "true", "yes": "true"]),
    CommandLine("migrate baseline 8 --yes --dry-run", ["last": "8", "yes": "true", "dry-run": "true"]),
    CommandLine(
      "migrate new reactions_2 --folder x/y --no-transaction --dry-run",
      ["name": "reactions_2", "folder": "x/y", "no-transaction": "true", "dry-run": "true"]),
  ]

  private static let people = [
    CommandLine(
      """
      user list -A --role admin --state disabled --presence offline --prefix an --created-after 2026-11-01 \
      --created-before 2026-11-21T20:00:00Z --unseen-since 2026-10-01T00:00:00+02:00 -n 20 \
      --after 0193a1b2-0000-7000-8000-00000000000A
      """,
      [
        "all-workspaces": "true", "role": "admin", "state": "disabled", "presence": "offline", "prefix": "an",
        "created-after": "2026-11-01T00:00:00.000Z", "created-before": "2026-11-21T20:00:00.000Z",
        "unseen-since": "2026-09-30T22:00:00.000Z", "limit": "20", "after": "0193a1b2-0000-7000-8000-00000000000a",
      ]),
    CommandLine("user -w acme get ann -o yaml", ["workspace": "acme", "user": "ann", "output": "yaml"]),
    CommandLine(
      "user create ann --display-name 'Ann Lee' --role admin --password-file - --workspace=acme --dry-run",
      [
        "name": "ann", "display-name": "Ann Lee", "role": "admin", "password-file": "-", "workspace": "acme",
        "dry-run": "true",
      ]),
    CommandLine(
      "user password ann --password-file ann.txt --dry-run",
      ["user": "ann", "password-file": "ann.txt", "dry-run": "true"]),
    CommandLine("user disable ann bob --dry-run", ["user": "ann,bob", "dry-run": "true"]),
    CommandLine("user enable ann --fields result", ["user": "ann", "fields": "result"]),
    CommandLine("user role user ann bob --dry-run", ["role": "user", "user": "ann,bob", "dry-run": "true"]),
    CommandLine("user kick -- -ann --bob", ["user": "-ann,--bob"]),
    CommandLine("user sessions list ann -o wide", ["user": "ann", "output": "wide"]),
    CommandLine(
      """
      user sessions revoke ann --session 0193a1b2-0000-7000-8000-000000000001 \
      --session=0193a1b2-0000-7000-8000-000000000002 --dry-run
      """,
      [
        "user": "ann", "dry-run": "true",
        "session": "0193a1b2-0000-7000-8000-000000000001,0193a1b2-0000-7000-8000-000000000002",
      ]),
    CommandLine("user token ann bob --ttl 1h", ["user": "ann,bob", "ttl": "3600.0 seconds"]),
    CommandLine(
      "user import users.csv --format ndjson --from 201 --parallel 4 --dry-run -o ndjson",
      [
        "file": "users.csv", "format": "ndjson", "from": "201", "parallel": "4", "dry-run": "true",
        "output": "ndjson",
      ]),
    CommandLine("user export ann --to ann-export --dry-run", ["user": "ann", "to": "ann-export", "dry-run": "true"]),
    CommandLine(
      "user erase ann --record r.json --keep-messages --rate 8MiB -y --dry-run",
      ["user": "ann", "record": "r.json", "keep-messages": "true", "rate": "8MiB", "yes": "true", "dry-run": "true"]),
    CommandLine("user verify-record r.json", ["file": "r.json"]),
    CommandLine(
      "user audit ann -A --since 2026-11-21 --action user.disabled --limit 5",
      [
        "user": "ann", "all-workspaces": "true", "since": "2026-11-21T00:00:00.000Z", "action": "user.disabled",
        "limit": "5",
      ]),
  ]

  private static let rooms = [
    CommandLine(
      """
      room list --all-workspaces --type channel --state archived --title gen --member ann --created-after 2026-01-01 \
      --created-before 2026-02-01 --quiet-since 2026-03-01 -n5 --after 0193a1b2-0000-7000-8000-000000000001
      """,
      [
        "all-workspaces": "true", "type": "channel", "state": "archived", "title": "gen", "member": "ann",
        "created-after": "2026-01-01T00:00:00.000Z", "created-before": "2026-02-01T00:00:00.000Z",
        "quiet-since": "2026-03-01T00:00:00.000Z", "limit": "5", "after": "0193a1b2-0000-7000-8000-000000000001",
      ]),
    CommandLine("room get '#general' -w acme", ["room": "#general", "workspace": "acme"]),
    CommandLine(
      "room create 'On call' --type group --owner ann --member bob --member eve --encrypted --dry-run",
      [
        "title": "On call", "type": "group", "owner": "ann", "member": "bob,eve", "encrypted": "true",
        "dry-run": "true",
      ]),
    CommandLine("room archive general --dry-run", ["room": "general", "dry-run": "true"]),
    CommandLine("room unarchive general --dry-run", ["room": "general", "dry-run": "true"]),
    CommandLine(
      "room restrict general --no-read-only --slow-mode 10s --dry-run",
      ["room": "general", "read-only": "false", "slow-mode": "10.0 seconds", "dry-run": "true"]),
    CommandLine(
      "room import rooms.csv --format csv --from 201 --parallel 8 -w acme --dry-run",
      ["file": "rooms.csv", "format": "csv", "from": "201", "parallel": "8", "workspace": "acme", "dry-run": "true"]),
    CommandLine(
      "room members list general --limit 2 --after 0193a1b2-0000-7000-8000-000000000001",
      ["room": "general", "limit": "2", "after": "0193a1b2-0000-7000-8000-000000000001"]),
    CommandLine("room members add general ann bob", ["room": "general", "user": "ann,bob"]),
    CommandLine("room members remove general bob --dry-run", ["room": "general", "user": "bob", "dry-run": "true"]),
    CommandLine("room members role general member bob", ["room": "general", "role": "member", "user": "bob"]),
    CommandLine("room top --interval 500ms --limit 5", ["interval": "0.5 seconds", "limit": "5"]),
    CommandLine(
      "room audit general --since 2026-11-21T10:00:00 --action room.archived -n 1",
      ["room": "general", "since": "2026-11-21T10:00:00.000Z", "action": "room.archived", "limit": "1"]),
  ]

  private static let keys = [
    CommandLine("key list --fields version,state", ["fields": "version,state"]),
    CommandLine("key add --wait 30s --dry-run", ["wait": "30.0 seconds", "dry-run": "true"]),
    CommandLine("key promote 2 --wait 1m", ["key": "2", "wait": "60.0 seconds"]),
    CommandLine(
      "key reencrypt --rate 500 --after 0193a1b2-0000-7000-8000-000000000001 --sample 0 --dry-run",
      ["rate": "500", "after": "0193a1b2-0000-7000-8000-000000000001", "sample": "0", "dry-run": "true"]),
    CommandLine("key verify --sample 5000", ["sample": "5000"]),
    CommandLine("key disable 1 --yes --dry-run", ["key": "1", "yes": "true", "dry-run": "true"]),
    CommandLine("key enable 2147483647 --dry-run", ["key": "2147483647", "dry-run": "true"]),
    CommandLine(
      "key destroy 1 --backup key-1.json --waiting 0s -y",
      ["key": "1", "backup": "key-1.json", "waiting": "0.0 seconds", "yes": "true"]),
    CommandLine(
      "key destroy 1 --for-good --dry-run", ["key": "1", "for-good": "true", "dry-run": "true"]),
    CommandLine("key restore key-1.json --dry-run", ["file": "key-1.json", "dry-run": "true"]),
  ]

  private static let running = [
    CommandLine("node list --all -o wide", ["all": "true", "output": "wide"]),
    CommandLine(
      "node drain web1/4711 --rate 0.5 --no-wait --dry-run",
      ["node": "web1/4711", "rate": "0.5", "no-wait": "true", "dry-run": "true"]),
    CommandLine("node undrain web1/4711 --dry-run", ["node": "web1/4711", "dry-run": "true"]),
    CommandLine("presence list ann bob -n 3 -w acme", ["user": "ann,bob", "limit": "3", "workspace": "acme"]),
    CommandLine("presence count -o yaml", ["output": "yaml"]),
    CommandLine("presence watch ann -o ndjson --limit 1", ["user": "ann", "output": "ndjson", "limit": "1"]),
    CommandLine("presence verify --wait 100ms", ["wait": "0.1 seconds"]),
    CommandLine(
      "presence kick --ghosts --wait 60s --yes --dry-run",
      ["ghosts": "true", "wait": "60.0 seconds", "yes": "true", "dry-run": "true"]),
    CommandLine("presence kick ann -y", ["user": "ann", "yes": "true"]),
    CommandLine("context list -o json", ["output": "json"]),
    CommandLine("context use production", ["name": "production"]),
    CommandLine("context show --fields setting,from", ["fields": "setting,from"]),
  ]

  private static let bus = [
    CommandLine(
      "lag show gateway inbox --explain -w --interval 0s --warn 1ms --crit 7d --topic a --topic b",
      [
        "group": "gateway,inbox", "explain": "true", "watch": "true", "interval": "0.0 seconds",
        "warn": "0.001 seconds", "crit": "604800.0 seconds", "topic": "a,b",
      ]),
    CommandLine("lag gateway --watch", ["group": "gateway", "watch": "true"]),
    CommandLine(
      "lag reset inbox --to-offset 1200 --partition 3 --partition 4 --topic chat.events --execute",
      ["group": "inbox", "to-offset": "1200", "partition": "3,4", "topic": "chat.events", "execute": "true"]),
    CommandLine(
      "lag reset inbox --to-datetime 2026-11-21T20:00:00.5Z --dry-run",
      ["group": "inbox", "to-datetime": "2026-11-21T20:00:00.500Z", "dry-run": "true"]),
    CommandLine("lag reset inbox --to-earliest", ["group": "inbox", "to-earliest": "true"]),
    CommandLine("lag reset inbox --to-latest", ["group": "inbox", "to-latest": "true"]),
    CommandLine("lag reset inbox --by-duration 10m", ["group": "inbox", "by-duration": "600.0 seconds"]),
    CommandLine(
      "lag export gateway --serve 127.0.0.1:9310 --interval 1s --warn 5s --crit 1m --topic a",
      [
        "group": "gateway", "serve": "127.0.0.1:9310", "interval": "1.0 seconds", "warn": "5.0 seconds",
        "crit": "60.0 seconds", "topic": "a",
      ]),
    CommandLine("topic list --all", ["all": "true"]),
    CommandLine("topic describe chat.events -o json", ["topic": "chat.events", "output": "json"]),
    CommandLine(
      "topic diff chat.events --to-partitions 16 --to-replication 3 --set retention.ms=3d --set a=b=c --unset x",
      [
        "topic": "chat.events", "to-partitions": "16", "to-replication": "3", "set": "retention.ms=3d,a=b=c",
        "unset": "x",
      ]),
    CommandLine("topic diff -f topics.yaml --filename more/", ["filename": "topics.yaml,more/"]),
    CommandLine("topic apply -f topics.yaml -y", ["filename": "topics.yaml", "yes": "true"]),
    CommandLine(
      "topic apply chat.events --to-partitions 1 --to-replication 1 --set a=1 --unset b -y --dry-run",
      [
        "topic": "chat.events", "to-partitions": "1", "to-replication": "1", "set": "a=1", "unset": "b",
        "yes": "true", "dry-run": "true",
      ]),
    CommandLine(
      "topic delete chat.events.dead --force --yes --dry-run",
      ["topic": "chat.events.dead", "force": "true", "yes": "true", "dry-run": "true"]),
    CommandLine(
      "dead list --room 0193a1b2-0000-7000-8000-000000000001 --limit 10",
      ["room": "0193a1b2-0000-7000-8000-000000000001", "limit": "10"]),
    CommandLine(
      "dead show 0193A1B2-0000-7000-8000-000000000001", ["event": "0193a1b2-0000-7000-8000-000000000001"]),
    CommandLine(
      "dead replay --all --rate 50 --wait 2m --dry-run",
      ["all": "true", "rate": "50", "wait": "120.0 seconds", "dry-run": "true"]),
    CommandLine(
      "dead replay 0193a1b2-0000-7000-8000-000000000001", ["room": "0193a1b2-0000-7000-8000-000000000001"]),
    CommandLine(
      "dead drop 0193a1b2-0000-7000-8000-000000000001 -y --dry-run",
      ["event": "0193a1b2-0000-7000-8000-000000000001", "yes": "true", "dry-run": "true"]),
    CommandLine(
      "dead drop --room 0193a1b2-0000-7000-8000-000000000002",
      ["room": "0193a1b2-0000-7000-8000-000000000002"]),
    CommandLine("outbox status --warn 1m30s", ["warn": "90.0 seconds"]),
    CommandLine(
      "outbox replay --rate 200 --older 0s --dry-run", ["rate": "200", "older": "0.0 seconds", "dry-run": "true"]),
    CommandLine(
      "trace 0193a1b2-0000-7000-8000-000000000001 --scan 10 --node http://10.0.0.6:9090 --node unix:/run/a.sock",
      [
        "message": "0193a1b2-0000-7000-8000-000000000001", "scan": "10",
        "node": "http://10.0.0.6:9090,unix:/run/a.sock",
      ]),
  ]

  private static let looking = [
    CommandLine(
      "load run s.yaml --html s.html --json s.json --socket-url wss://ws.example.com --users api --clean",
      [
        "scenario": "s.yaml", "html": "s.html", "json": "s.json", "socket-url": "wss://ws.example.com",
        "users": "api", "clean": "true",
      ]),
    CommandLine(
      "load compare a.json b.json --tolerance 0.2 --floor 500us --metric send.p99 --metric lost",
      [
        "before": "a.json", "after": "b.json", "tolerance": "0.2", "floor": "0.0005 seconds",
        "metric": "send.p99,lost",
      ]),
    CommandLine("load clean 3fa2c1 --yes --dry-run", ["run": "3fa2c1", "yes": "true", "dry-run": "true"]),
    CommandLine(
      """
      check lag outbox --interval 0s --warn 30s --crit 2m -o prometheus --canary-user c --canary-password-file c.txt \
      --canary-warn 1s --canary-crit 10m
      """,
      [
        "check": "lag,outbox", "interval": "0.0 seconds", "warn": "30.0 seconds", "crit": "120.0 seconds",
        "output": "prometheus", "canary-user": "c", "canary-password-file": "c.txt", "canary-warn": "1.0 seconds",
        "canary-crit": "600.0 seconds",
      ]),
    CommandLine(
      "doctor --all --interval 1s --warn 1s --crit 2s -o json",
      [
        "all": "true", "interval": "1.0 seconds", "warn": "1.0 seconds", "crit": "2.0 seconds", "output": "json",
      ]),
    CommandLine("wait migrations --every 10ms", ["every": "0.01 seconds"]),
    CommandLine(
      "wait lag inbox gateway --below 100 --younger 2s --every 1h",
      ["group": "inbox,gateway", "below": "100", "younger": "2.0 seconds", "every": "3600.0 seconds"]),
    CommandLine(
      "wait node --role gateway --count 2 --every 1s", ["role": "gateway", "count": "2", "every": "1.0 seconds"]),
    CommandLine(
      "wait http https://chat.example.com/health --status 503 --every 1s",
      ["address": "https://chat.example.com/health", "status": "503", "every": "1.0 seconds"]),
    CommandLine(
      "top http://10.0.0.5:9090 /run/chatd/admin.sock --interval 200ms --once -o ndjson",
      [
        "listener": "http://10.0.0.5:9090,/run/chatd/admin.sock", "interval": "0.2 seconds", "once": "true",
        "output": "ndjson",
      ]),
  ]

  /// Lines that a rule of their command refuses, and what is said.
  static let refused = [
    ("apply", "give -f PATH or a plan"),
    ("apply next.plan -f m", "a plan has its manifests: give -f or a plan"),
    ("user password ann", "--password-file is needed"),
    ("key destroy 1", "one of --backup or --for-good is needed: say whether it is to be restorable"),
    ("key destroy 1 --backup a --for-good", "--backup and --for-good exclude each other"),
    ("room restrict general", "--read-only or --slow-mode is needed"),
    ("presence kick", "name users, or give --ghosts; not both"),
    ("presence kick ann --ghosts", "name users, or give --ghosts; not both"),
    ("presence watch -o yaml", "-o: what has no end is written as table or ndjson"),
    ("lag show --watch -o json", "--watch never ends: take ndjson, table, wide or name with it"),
    ("lag reset inbox", "one of --to-earliest, --to-latest, --to-offset, --to-datetime or --by-duration is needed"),
    ("lag reset inbox --to-earliest --to-latest", "--to-earliest and --to-latest exclude each other"),
    ("lag reset inbox --to-latest --execute --dry-run", "--execute and --dry-run exclude each other"),
    ("topic diff --to-partitions 16", "say of which topic, one, that is wanted"),
    ("topic apply a b --set x=y", "say of which topic, one, that is wanted"),
    ("dead replay", "name rooms, or give --all, one of both"),
    ("dead replay --all 0193a1b2-0000-7000-8000-000000000001", "name rooms, or give --all, one of both"),
    ("dead replay --all --rate 10 --wait 0", "--rate waits for what was asked for: it cannot be with --wait 0"),
    ("dead drop", "name events, or a room with --room, one of both"),
  ]
}
