# bash completion of chatctl, made by: chatctl completion bash

# The path of the command that a word leads to.
__chatctl_command() {
  case "$1/$2" in
    '/apply') REPLY='/apply' ;;
    '/diff') REPLY='/diff' ;;
    '/plan') REPLY='/plan' ;;
    '/export') REPLY='/export' ;;
    '/validate') REPLY='/validate' ;;
    '/explain') REPLY='/explain' ;;
    '/migrate') REPLY='/migrate' ;;
    '/user') REPLY='/user' ;;
    '/room') REPLY='/room' ;;
    '/key') REPLY='/key' ;;
    '/node') REPLY='/node' ;;
    '/presence') REPLY='/presence' ;;
    '/lag') REPLY='/lag' ;;
    '/topic') REPLY='/topic' ;;
    '/dead') REPLY='/dead' ;;
    '/outbox') REPLY='/outbox' ;;
    '/trace') REPLY='/trace' ;;
    '/load') REPLY='/load' ;;
    '/check') REPLY='/check' ;;
    '/wait') REPLY='/wait' ;;
    '/doctor') REPLY='/doctor' ;;
    '/top') REPLY='/top' ;;
    '/context') REPLY='/context' ;;
    '/help') REPLY='/help' ;;
    '/completion') REPLY='/completion' ;;
    '/man') REPLY='/man' ;;
    '/version') REPLY='/version' ;;
    '/migrate/status') REPLY='/migrate/status' ;;
    '/migrate/plan') REPLY='/migrate/plan' ;;
    '/migrate/up') REPLY='/migrate/up' ;;
    '/migrate/down') REPLY='/migrate/down' ;;
    '/migrate/verify') REPLY='/migrate/verify' ;;
    '/migrate/lint') REPLY='/migrate/lint' ;;
    '/migrate/doctor') REPLY='/migrate/doctor' ;;
    '/migrate/repair') REPLY='/migrate/repair' ;;
    '/migrate/baseline') REPLY='/migrate/baseline' ;;
    '/migrate/new') REPLY='/migrate/new' ;;
    '/user/list' | '/user/ls') REPLY='/user/list' ;;
    '/user/get') REPLY='/user/get' ;;
    '/user/create') REPLY='/user/create' ;;
    '/user/password') REPLY='/user/password' ;;
    '/user/disable') REPLY='/user/disable' ;;
    '/user/enable') REPLY='/user/enable' ;;
    '/user/role') REPLY='/user/role' ;;
    '/user/kick') REPLY='/user/kick' ;;
    '/user/sessions') REPLY='/user/sessions' ;;
    '/user/token') REPLY='/user/token' ;;
    '/user/import') REPLY='/user/import' ;;
    '/user/export') REPLY='/user/export' ;;
    '/user/erase') REPLY='/user/erase' ;;
    '/user/verify-record') REPLY='/user/verify-record' ;;
    '/user/audit') REPLY='/user/audit' ;;
    '/user/sessions/list' | '/user/sessions/ls') REPLY='/user/sessions/list' ;;
    '/user/sessions/revoke') REPLY='/user/sessions/revoke' ;;
    '/room/list' | '/room/ls') REPLY='/room/list' ;;
    '/room/get') REPLY='/room/get' ;;
    '/room/create') REPLY='/room/create' ;;
    '/room/archive') REPLY='/room/archive' ;;
    '/room/unarchive') REPLY='/room/unarchive' ;;
    '/room/restrict') REPLY='/room/restrict' ;;
    '/room/members') REPLY='/room/members' ;;
    '/room/import') REPLY='/room/import' ;;
    '/room/top') REPLY='/room/top' ;;
    '/room/audit') REPLY='/room/audit' ;;
    '/room/members/list' | '/room/members/ls') REPLY='/room/members/list' ;;
    '/room/members/add') REPLY='/room/members/add' ;;
    '/room/members/remove' | '/room/members/rm') REPLY='/room/members/remove' ;;
    '/room/members/role') REPLY='/room/members/role' ;;
    '/key/list') REPLY='/key/list' ;;
    '/key/add') REPLY='/key/add' ;;
    '/key/promote') REPLY='/key/promote' ;;
    '/key/reencrypt') REPLY='/key/reencrypt' ;;
    '/key/verify') REPLY='/key/verify' ;;
    '/key/disable') REPLY='/key/disable' ;;
    '/key/enable') REPLY='/key/enable' ;;
    '/key/destroy') REPLY='/key/destroy' ;;
    '/key/restore') REPLY='/key/restore' ;;
    '/node/list' | '/node/ls') REPLY='/node/list' ;;
    '/node/drain') REPLY='/node/drain' ;;
    '/node/undrain') REPLY='/node/undrain' ;;
    '/presence/list' | '/presence/ls') REPLY='/presence/list' ;;
    '/presence/count') REPLY='/presence/count' ;;
    '/presence/watch') REPLY='/presence/watch' ;;
    '/presence/verify') REPLY='/presence/verify' ;;
    '/presence/kick') REPLY='/presence/kick' ;;
    '/lag/show') REPLY='/lag/show' ;;
    '/lag/reset') REPLY='/lag/reset' ;;
    '/lag/export') REPLY='/lag/export' ;;
    '/topic/list') REPLY='/topic/list' ;;
    '/topic/describe') REPLY='/topic/describe' ;;
    '/topic/diff') REPLY='/topic/diff' ;;
    '/topic/apply') REPLY='/topic/apply' ;;
    '/topic/delete') REPLY='/topic/delete' ;;
    '/dead/list') REPLY='/dead/list' ;;
    '/dead/show') REPLY='/dead/show' ;;
    '/dead/replay') REPLY='/dead/replay' ;;
    '/dead/drop') REPLY='/dead/drop' ;;
    '/outbox/status') REPLY='/outbox/status' ;;
    '/outbox/replay') REPLY='/outbox/replay' ;;
    '/load/run') REPLY='/load/run' ;;
    '/load/compare') REPLY='/load/compare' ;;
    '/load/clean') REPLY='/load/clean' ;;
    '/wait/migrations') REPLY='/wait/migrations' ;;
    '/wait/lag') REPLY='/wait/lag' ;;
    '/wait/node') REPLY='/wait/node' ;;
    '/wait/http') REPLY='/wait/http' ;;
    '/context/list') REPLY='/context/list' ;;
    '/context/use') REPLY='/context/use' ;;
    '/context/show') REPLY='/context/show' ;;
    *) return 1 ;;
  esac
}

# Whether an option takes the next word.
__chatctl_takes_value() {
  case "$1 $2" in
    *' --timeout' | *' --context' | *' --contexts' | *' --config' | *' -c' | *' --url' | *' --admin-url' | \
    *' --token-file' | *' --embedded' | *' --secrets' | *' --loops' | *' --log-level' | *' --log-format' | \
    *' --listen' | *' --max-connections' | *' --http-backlog' | *' --http-idle-timeout' | \
    *' --http-head-timeout' | *' --http-body-timeout' | *' --http-send-timeout' | *' --http-close-timeout' | \
    *' --http-retry-after' | *' --http-max-head' | *' --http-max-target' | *' --http-max-fields' | \
    *' --http-max-body' | *' --http-max-pipelined' | *' --http-cors-origins' | *' --http-trusted-proxies' | \
    *' --http-forwarded-field' | *' --http-compression-threshold' | *' --admin-listen' | \
    *' --tls-certificate' | *' --tls-key' | *' --tls-more' | *' --tls-minimum-version' | \
    *' --tls-admin-authorities' | *' --tls-handshake-timeout' | *' --tls-max-handshakes' | \
    *' --sockets-ping-interval' | *' --sockets-ping-timeout' | *' --sockets-upgrade-timeout' | \
    *' --sockets-connect-timeout' | *' --sockets-max-payload' | *' --sockets-max-buffered' | \
    *' --sockets-max-sessions' | *' --sockets-affinity-cookie' | *' --sockets-max-rooms' | \
    *' --sockets-max-replay' | *' --sockets-compression-threshold' | *' --sockets-compression-window' | \
    *' --sockets-recovery-window' | *' --sockets-max-recoverable' | *' --sockets-max-recovered' | \
    *' --postgres' | *' --postgres-password-file' | *' --postgres-pool-size' | \
    *' --postgres-connect-timeout' | *' --postgres-statement-timeout' | *' --postgres-acquire-timeout' | \
    *' --postgres-queue-limit' | *' --postgres-idle-timeout' | *' --postgres-max-lifetime' | *' --redis' | \
    *' --redis-password-file' | *' --redis-connect-timeout' | *' --redis-command-timeout' | \
    *' --redis-queue-limit' | *' --redis-max-buffered' | *' --bus' | *' --bus-topic' | *' --bus-partitions' | \
    *' --bus-retention' | *' --bus-limit' | *' --bus-lease' | *' --bus-encoding' | *' --kafka' | \
    *' --kafka-replication' | *' --kafka-publish-timeout' | *' --kafka-session-timeout' | \
    *' --kafka-patience' | *' --kafka-security' | *' --kafka-ca-file' | *' --kafka-certificate-file' | \
    *' --kafka-key-file' | *' --kafka-key-password-file' | *' --kafka-authentication' | \
    *' --kafka-username' | *' --kafka-password-file' | *' --accounts-access-token-lifetime' | \
    *' --accounts-refresh-token-lifetime' | *' --accounts-refresh-grace' | *' --accounts-password-memory' | \
    *' --accounts-password-passes' | *' --accounts-password-threads' | *' --accounts-password-queue' | \
    *' --messages-max-body' | *' --messages-max-page' | *' --messages-batch' | *' --messages-queue-limit' | \
    *' --messages-patience' | *' --messages-idempotency-lifetime' | *' --attachments-store' | \
    *' --attachments-folder' | *' --attachments-endpoint' | *' --attachments-bucket' | \
    *' --attachments-region' | *' --attachments-access-key' | *' --attachments-secret-key-file' | \
    *' --attachments-url-lifetime' | *' --attachments-max-size' | *' --attachments-types' | \
    *' --attachments-max-pending' | *' --attachments-quota' | *' --attachments-orphan-age' | \
    *' --encryption-mode' | *' --encryption-master-key-file' | *' --filter-words' | *' --filter-action' | \
    *' --filter-url' | *' --filter-secret-file' | *' --filter-timeout' | *' --filter-ca-file' | \
    *' --outbox-relay-age' | *' --outbox-relay-interval' | *' --outbox-relay-batch' | \
    *' --limits-when-unavailable' | *' --limits-patience' | *' --limits-exempt' | *' --limits-user-logins' | \
    *' --limits-address-logins' | *' --limits-user-reads' | *' --limits-address-reads' | \
    *' --limits-user-writes' | *' --limits-address-writes' | *' --limits-user-sends' | \
    *' --limits-address-sends' | *' --limits-user-searches' | *' --limits-address-searches' | \
    *' --limits-user-events' | *' --limits-address-events' | *' --limits-user-connects' | \
    *' --limits-address-connects' | *' --inbox-attempts' | *' --inbox-memory' | *' --inbox-max-members' | \
    *' --inbox-update-interval' | *' --inbox-comparison-interval' | *' --webhooks-ca-file' | \
    *' --webhooks-timeout' | *' --webhooks-attempts' | *' --webhooks-first-pause' | \
    *' --webhooks-longest-pause' | *' --webhooks-patience' | *' --push-url' | *' --push-secret-file' | \
    *' --push-timeout' | *' --push-attempts' | *' --presence-ttl' | *' --presence-grace' | \
    *' --presence-sweep-interval' | *' --presence-max-members' | *' --presence-max-subscriptions' | \
    *' --presence-max-batch' | *' --calls-ring-timeout' | *' --calls-grace' | *' --calls-max-participants' | \
    *' --calls-stun-uris' | *' --calls-turn-uris' | *' --calls-turn-secret-file' | \
    *' --calls-turn-lifetime' | '/apply --filename' | '/apply -f' | '/apply --owner' | \
    '/apply --prune-limit' | '/apply --output' | '/apply -o' | '/apply --fields' | '/diff --filename' | \
    '/diff -f' | '/diff --owner' | '/diff --prune-limit' | '/diff --output' | '/diff -o' | '/diff --fields' | \
    '/plan --filename' | '/plan -f' | '/plan --owner' | '/plan --prune-limit' | '/plan --out' | \
    '/plan --output' | '/plan -o' | '/plan --fields' | '/export --kind' | '/export --workspace' | \
    '/export -w' | '/export --members' | '/validate --filename' | '/validate -f' | '/validate --output' | \
    '/validate -o' | '/validate --fields' | '/explain --output' | '/explain -o' | '/explain --fields' | \
    '/migrate/status --output' | '/migrate/status -o' | '/migrate/status --fields' | '/migrate/plan --to' | \
    '/migrate/plan --output' | '/migrate/plan -o' | '/migrate/plan --fields' | '/migrate/up --to' | \
    '/migrate/up --output' | '/migrate/up -o' | '/migrate/up --fields' | '/migrate/down --count' | \
    '/migrate/down --output' | '/migrate/down -o' | '/migrate/down --fields' | '/migrate/verify --output' | \
    '/migrate/verify -o' | '/migrate/verify --fields' | '/migrate/lint --output' | '/migrate/lint -o' | \
    '/migrate/lint --fields' | '/migrate/doctor --output' | '/migrate/doctor -o' | \
    '/migrate/doctor --fields' | '/migrate/repair --output' | '/migrate/repair -o' | \
    '/migrate/repair --fields' | '/migrate/baseline --output' | '/migrate/baseline -o' | \
    '/migrate/baseline --fields' | '/migrate/new --folder' | '/migrate/new --output' | '/migrate/new -o' | \
    '/migrate/new --fields' | '/user --workspace' | '/user/'*' --workspace' | '/user -w' | '/user/'*' -w' | \
    '/user/list --role' | '/user/list --state' | '/user/list --presence' | '/user/list --prefix' | \
    '/user/list --created-after' | '/user/list --created-before' | '/user/list --unseen-since' | \
    '/user/list --limit' | '/user/list -n' | '/user/list --after' | '/user/list --output' | '/user/list -o' | \
    '/user/list --fields' | '/user/get --output' | '/user/get -o' | '/user/get --fields' | \
    '/user/create --display-name' | '/user/create --role' | '/user/create --password-file' | \
    '/user/create --output' | '/user/create -o' | '/user/create --fields' | \
    '/user/password --password-file' | '/user/disable --output' | '/user/disable -o' | \
    '/user/disable --fields' | '/user/enable --output' | '/user/enable -o' | '/user/enable --fields' | \
    '/user/role --output' | '/user/role -o' | '/user/role --fields' | '/user/kick --output' | \
    '/user/kick -o' | '/user/kick --fields' | '/user/sessions/list --output' | '/user/sessions/list -o' | \
    '/user/sessions/list --fields' | '/user/sessions/revoke --session' | '/user/token --ttl' | \
    '/user/token --output' | '/user/token -o' | '/user/token --fields' | '/user/import --format' | \
    '/user/import --from' | '/user/import --parallel' | '/user/import --output' | '/user/import -o' | \
    '/user/import --fields' | '/user/export --to' | '/user/export --output' | '/user/export -o' | \
    '/user/export --fields' | '/user/erase --record' | '/user/erase --rate' | '/user/erase --output' | \
    '/user/erase -o' | '/user/erase --fields' | '/user/verify-record --output' | '/user/verify-record -o' | \
    '/user/verify-record --fields' | '/user/audit --since' | '/user/audit --action' | '/user/audit --limit' | \
    '/user/audit -n' | '/user/audit --after' | '/user/audit --output' | '/user/audit -o' | \
    '/user/audit --fields' | '/room --workspace' | '/room/'*' --workspace' | '/room -w' | '/room/'*' -w' | \
    '/room/list --type' | '/room/list --state' | '/room/list --title' | '/room/list --member' | \
    '/room/list --created-after' | '/room/list --created-before' | '/room/list --quiet-since' | \
    '/room/list --limit' | '/room/list -n' | '/room/list --after' | '/room/list --output' | '/room/list -o' | \
    '/room/list --fields' | '/room/get --output' | '/room/get -o' | '/room/get --fields' | \
    '/room/create --type' | '/room/create --owner' | '/room/create --member' | '/room/create --output' | \
    '/room/create -o' | '/room/create --fields' | '/room/restrict --slow-mode' | \
    '/room/members/list --limit' | '/room/members/list -n' | '/room/members/list --after' | \
    '/room/members/list --output' | '/room/members/list -o' | '/room/members/list --fields' | \
    '/room/members/add --output' | '/room/members/add -o' | '/room/members/add --fields' | \
    '/room/members/remove --output' | '/room/members/remove -o' | '/room/members/remove --fields' | \
    '/room/members/role --output' | '/room/members/role -o' | '/room/members/role --fields' | \
    '/room/import --format' | '/room/import --from' | '/room/import --parallel' | '/room/import --output' | \
    '/room/import -o' | '/room/import --fields' | '/room/top --interval' | '/room/top --limit' | \
    '/room/top --output' | '/room/top -o' | '/room/top --fields' | '/room/audit --since' | \
    '/room/audit --action' | '/room/audit --limit' | '/room/audit -n' | '/room/audit --after' | \
    '/room/audit --output' | '/room/audit -o' | '/room/audit --fields' | '/key/list --output' | \
    '/key/list -o' | '/key/list --fields' | '/key/add --wait' | '/key/promote --wait' | \
    '/key/reencrypt --rate' | '/key/reencrypt --after' | '/key/reencrypt --sample' | \
    '/key/reencrypt --output' | '/key/reencrypt -o' | '/key/reencrypt --fields' | '/key/verify --sample' | \
    '/key/verify --output' | '/key/verify -o' | '/key/verify --fields' | '/key/destroy --waiting' | \
    '/key/destroy --backup' | '/node/list --output' | '/node/list -o' | '/node/list --fields' | \
    '/node/drain --rate' | '/presence --workspace' | '/presence/'*' --workspace' | '/presence -w' | \
    '/presence/'*' -w' | '/presence/list --limit' | '/presence/list -n' | '/presence/list --output' | \
    '/presence/list -o' | '/presence/list --fields' | '/presence/count --output' | '/presence/count -o' | \
    '/presence/count --fields' | '/presence/watch --limit' | '/presence/watch -n' | \
    '/presence/watch --output' | '/presence/watch -o' | '/presence/watch --fields' | \
    '/presence/verify --wait' | '/presence/verify --output' | '/presence/verify -o' | \
    '/presence/verify --fields' | '/presence/kick --wait' | '/presence/kick --output' | '/presence/kick -o' | \
    '/presence/kick --fields' | '/lag/show --interval' | '/lag/show --warn' | '/lag/show --crit' | \
    '/lag/show --topic' | '/lag/show --output' | '/lag/show -o' | '/lag/show --fields' | \
    '/lag/reset --to-offset' | '/lag/reset --to-datetime' | '/lag/reset --by-duration' | \
    '/lag/reset --partition' | '/lag/reset --topic' | '/lag/reset --output' | '/lag/reset -o' | \
    '/lag/reset --fields' | '/lag/export --serve' | '/lag/export --interval' | '/lag/export --warn' | \
    '/lag/export --crit' | '/lag/export --topic' | '/topic/list --output' | '/topic/list -o' | \
    '/topic/list --fields' | '/topic/describe --output' | '/topic/describe -o' | '/topic/describe --fields' | \
    '/topic/diff --filename' | '/topic/diff -f' | '/topic/diff --to-partitions' | \
    '/topic/diff --to-replication' | '/topic/diff --set' | '/topic/diff --unset' | '/topic/diff --output' | \
    '/topic/diff -o' | '/topic/diff --fields' | '/topic/apply --filename' | '/topic/apply -f' | \
    '/topic/apply --to-partitions' | '/topic/apply --to-replication' | '/topic/apply --set' | \
    '/topic/apply --unset' | '/topic/apply --output' | '/topic/apply -o' | '/topic/apply --fields' | \
    '/dead/list --room' | '/dead/list --limit' | '/dead/list --output' | '/dead/list -o' | \
    '/dead/list --fields' | '/dead/show --output' | '/dead/show -o' | '/dead/show --fields' | \
    '/dead/replay --rate' | '/dead/replay --wait' | '/dead/replay --output' | '/dead/replay -o' | \
    '/dead/replay --fields' | '/dead/drop --room' | '/outbox/status --warn' | '/outbox/status --output' | \
    '/outbox/status -o' | '/outbox/status --fields' | '/outbox/replay --rate' | '/outbox/replay --older' | \
    '/outbox/replay --output' | '/outbox/replay -o' | '/outbox/replay --fields' | '/trace --scan' | \
    '/trace --node' | '/trace --output' | '/trace -o' | '/trace --fields' | '/load/run --html' | \
    '/load/run --json' | '/load/run --socket-url' | '/load/run --users' | '/load/run --output' | \
    '/load/run -o' | '/load/run --fields' | '/load/compare --tolerance' | '/load/compare --floor' | \
    '/load/compare --metric' | '/load/compare --output' | '/load/compare -o' | '/load/compare --fields' | \
    '/load/clean --output' | '/load/clean -o' | '/load/clean --fields' | '/check --interval' | \
    '/check --warn' | '/check --crit' | '/check --output' | '/check -o' | '/check --canary-user' | \
    '/check --canary-password-file' | '/check --canary-warn' | '/check --canary-crit' | \
    '/wait/migrations --every' | '/wait/lag --below' | '/wait/lag --younger' | '/wait/lag --every' | \
    '/wait/node --role' | '/wait/node --count' | '/wait/node --every' | '/wait/http --status' | \
    '/wait/http --every' | '/doctor --interval' | '/doctor --warn' | '/doctor --crit' | '/doctor --output' | \
    '/doctor -o' | '/doctor --fields' | '/top --interval' | '/top --output' | '/top -o' | '/top --fields' | \
    '/context/list --output' | '/context/list -o' | '/context/list --fields' | '/context/show --output' | \
    '/context/show -o' | '/context/show --fields') ;;
    *) return 1 ;;
  esac
}

# The values of an option or, @1, of an argument.
__chatctl_values() {
  case "$1 $2" in
    *' --contexts') REPLY=@file ;;
    *' --config' | *' -c') REPLY=@file ;;
    *' --token-file') REPLY=@file ;;
    *' --embedded') REPLY=@directory ;;
    *' --secrets') REPLY=@directory ;;
    *' --log-level') REPLY='debug info notice warning error' ;;
    *' --log-format') REPLY='auto logfmt json' ;;
    *' --http-forwarded-field') REPLY='x-forwarded-for forwarded' ;;
    *' --tls-certificate') REPLY=@file ;;
    *' --tls-key') REPLY=@file ;;
    *' --tls-minimum-version') REPLY='1.2 1.3' ;;
    *' --tls-admin-authorities') REPLY=@file ;;
    *' --postgres-password-file') REPLY=@file ;;
    *' --redis-password-file') REPLY=@file ;;
    *' --bus') REPLY='redis kafka' ;;
    *' --bus-encoding') REPLY='json messagepack' ;;
    *' --kafka-security') REPLY='plaintext tls' ;;
    *' --kafka-ca-file') REPLY=@file ;;
    *' --kafka-certificate-file') REPLY=@file ;;
    *' --kafka-key-file') REPLY=@file ;;
    *' --kafka-key-password-file') REPLY=@file ;;
    *' --kafka-authentication') REPLY='none plain scram-sha-256 scram-sha-512' ;;
    *' --kafka-password-file') REPLY=@file ;;
    *' --attachments-store') REPLY='local s3' ;;
    *' --attachments-folder') REPLY=@directory ;;
    *' --attachments-secret-key-file') REPLY=@file ;;
    *' --encryption-mode') REPLY='off conversation all' ;;
    *' --encryption-master-key-file') REPLY=@file ;;
    *' --filter-words') REPLY=@file ;;
    *' --filter-action') REPLY='refuse mask' ;;
    *' --filter-secret-file') REPLY=@file ;;
    *' --filter-ca-file') REPLY=@file ;;
    *' --limits-when-unavailable') REPLY='allow deny local' ;;
    *' --webhooks-ca-file') REPLY=@file ;;
    *' --push-secret-file') REPLY=@file ;;
    *' --calls-turn-secret-file') REPLY=@file ;;
    '/apply --filename' | '/apply -f') REPLY=@file ;;
    '/apply --output' | '/apply -o') REPLY='table wide json ndjson yaml name' ;;
    '/apply @'1) REPLY=@file ;;
    '/diff --filename' | '/diff -f') REPLY=@file ;;
    '/diff --output' | '/diff -o') REPLY='table wide json ndjson yaml name' ;;
    '/plan --filename' | '/plan -f') REPLY=@file ;;
    '/plan --out') REPLY=@file ;;
    '/plan --output' | '/plan -o') REPLY='table wide json ndjson yaml name' ;;
    '/export --kind') REPLY='Server Workspace Topic KeyPolicy User Room RateLimit Webhook RetentionPolicy LoadScenario Check' ;;
    '/validate --filename' | '/validate -f') REPLY=@file ;;
    '/validate --output' | '/validate -o') REPLY='table wide json ndjson yaml name' ;;
    '/explain --output' | '/explain -o') REPLY='table wide json ndjson yaml name' ;;
    '/explain @'1) REPLY=@dynamic ;;
    '/migrate/status --output' | '/migrate/status -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/plan --output' | '/migrate/plan -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/up --output' | '/migrate/up -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/down --output' | '/migrate/down -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/verify --output' | '/migrate/verify -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/lint --output' | '/migrate/lint -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/lint @'*) REPLY=@file ;;
    '/migrate/doctor --output' | '/migrate/doctor -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/repair --output' | '/migrate/repair -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/baseline --output' | '/migrate/baseline -o') REPLY='table wide json ndjson yaml name' ;;
    '/migrate/new --folder') REPLY=@directory ;;
    '/migrate/new --output' | '/migrate/new -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/list --role') REPLY='user admin' ;;
    '/user/list --state') REPLY='active disabled' ;;
    '/user/list --presence') REPLY='online offline' ;;
    '/user/list --output' | '/user/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/get --output' | '/user/get -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/get @'1) REPLY=@dynamic ;;
    '/user/create --role') REPLY='user admin' ;;
    '/user/create --password-file') REPLY=@file ;;
    '/user/create --output' | '/user/create -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/password --password-file') REPLY=@file ;;
    '/user/password @'1) REPLY=@dynamic ;;
    '/user/disable --output' | '/user/disable -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/disable @'*) REPLY=@dynamic ;;
    '/user/enable --output' | '/user/enable -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/enable @'*) REPLY=@dynamic ;;
    '/user/role --output' | '/user/role -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/role @'1) REPLY='user admin' ;;
    '/user/role @'*) REPLY=@dynamic ;;
    '/user/kick --output' | '/user/kick -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/kick @'*) REPLY=@dynamic ;;
    '/user/sessions/list --output' | '/user/sessions/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/sessions/list @'1) REPLY=@dynamic ;;
    '/user/sessions/revoke @'1) REPLY=@dynamic ;;
    '/user/token --output' | '/user/token -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/token @'*) REPLY=@dynamic ;;
    '/user/import --format') REPLY='ndjson csv' ;;
    '/user/import --output' | '/user/import -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/import @'1) REPLY=@file ;;
    '/user/export --to') REPLY=@directory ;;
    '/user/export --output' | '/user/export -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/export @'1) REPLY=@dynamic ;;
    '/user/erase --record') REPLY=@file ;;
    '/user/erase --output' | '/user/erase -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/erase @'1) REPLY=@dynamic ;;
    '/user/verify-record --output' | '/user/verify-record -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/verify-record @'1) REPLY=@file ;;
    '/user/audit --output' | '/user/audit -o') REPLY='table wide json ndjson yaml name' ;;
    '/user/audit @'1) REPLY=@dynamic ;;
    '/room/list --type') REPLY='direct group channel' ;;
    '/room/list --state') REPLY='active archived' ;;
    '/room/list --member') REPLY=@dynamic ;;
    '/room/list --output' | '/room/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/get --output' | '/room/get -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/get @'1) REPLY=@dynamic ;;
    '/room/create --type') REPLY='group channel' ;;
    '/room/create --owner') REPLY=@dynamic ;;
    '/room/create --member') REPLY=@dynamic ;;
    '/room/create --output' | '/room/create -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/archive @'1) REPLY=@dynamic ;;
    '/room/unarchive @'1) REPLY=@dynamic ;;
    '/room/restrict @'1) REPLY=@dynamic ;;
    '/room/members/list --output' | '/room/members/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/members/list @'1) REPLY=@dynamic ;;
    '/room/members/add --output' | '/room/members/add -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/members/add @'1) REPLY=@dynamic ;;
    '/room/members/add @'*) REPLY=@dynamic ;;
    '/room/members/remove --output' | '/room/members/remove -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/members/remove @'1) REPLY=@dynamic ;;
    '/room/members/remove @'*) REPLY=@dynamic ;;
    '/room/members/role --output' | '/room/members/role -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/members/role @'1) REPLY=@dynamic ;;
    '/room/members/role @'2) REPLY='admin member' ;;
    '/room/members/role @'*) REPLY=@dynamic ;;
    '/room/import --format') REPLY='ndjson csv' ;;
    '/room/import --output' | '/room/import -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/import @'1) REPLY=@file ;;
    '/room/top --output' | '/room/top -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/audit --output' | '/room/audit -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/audit @'1) REPLY=@dynamic ;;
    '/key/list --output' | '/key/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/key/reencrypt --output' | '/key/reencrypt -o') REPLY='table wide json ndjson yaml name' ;;
    '/key/verify --output' | '/key/verify -o') REPLY='table wide json ndjson yaml name' ;;
    '/key/destroy --backup') REPLY=@file ;;
    '/key/restore @'1) REPLY=@file ;;
    '/node/list --output' | '/node/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/node/drain @'1) REPLY=@dynamic ;;
    '/node/undrain @'1) REPLY=@dynamic ;;
    '/presence/list --output' | '/presence/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/presence/list @'*) REPLY=@dynamic ;;
    '/presence/count --output' | '/presence/count -o') REPLY='table wide json ndjson yaml name' ;;
    '/presence/watch --output' | '/presence/watch -o') REPLY='table wide json ndjson yaml name' ;;
    '/presence/watch @'*) REPLY=@dynamic ;;
    '/presence/verify --output' | '/presence/verify -o') REPLY='table wide json ndjson yaml name' ;;
    '/presence/kick --output' | '/presence/kick -o') REPLY='table wide json ndjson yaml name' ;;
    '/presence/kick @'*) REPLY=@dynamic ;;
    '/lag/show --output' | '/lag/show -o') REPLY='table wide json ndjson yaml name' ;;
    '/lag/show @'*) REPLY=@dynamic ;;
    '/lag/reset --output' | '/lag/reset -o') REPLY='table wide json ndjson yaml name' ;;
    '/lag/reset @'1) REPLY=@dynamic ;;
    '/lag/export @'*) REPLY=@dynamic ;;
    '/topic/list --output' | '/topic/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/topic/describe --output' | '/topic/describe -o') REPLY='table wide json ndjson yaml name' ;;
    '/topic/describe @'1) REPLY=@dynamic ;;
    '/topic/diff --filename' | '/topic/diff -f') REPLY=@file ;;
    '/topic/diff --output' | '/topic/diff -o') REPLY='table wide json ndjson yaml name' ;;
    '/topic/diff @'*) REPLY=@dynamic ;;
    '/topic/apply --filename' | '/topic/apply -f') REPLY=@file ;;
    '/topic/apply --output' | '/topic/apply -o') REPLY='table wide json ndjson yaml name' ;;
    '/topic/apply @'*) REPLY=@dynamic ;;
    '/topic/delete @'1) REPLY=@dynamic ;;
    '/dead/list --output' | '/dead/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/dead/show --output' | '/dead/show -o') REPLY='table wide json ndjson yaml name' ;;
    '/dead/replay --output' | '/dead/replay -o') REPLY='table wide json ndjson yaml name' ;;
    '/outbox/status --output' | '/outbox/status -o') REPLY='table wide json ndjson yaml name' ;;
    '/outbox/replay --output' | '/outbox/replay -o') REPLY='table wide json ndjson yaml name' ;;
    '/trace --output' | '/trace -o') REPLY='table wide json ndjson yaml name' ;;
    '/load/run --html') REPLY=@file ;;
    '/load/run --json') REPLY=@file ;;
    '/load/run --users') REPLY='auto store api' ;;
    '/load/run --output' | '/load/run -o') REPLY='table wide json ndjson yaml name' ;;
    '/load/run @'1) REPLY=@file ;;
    '/load/compare --output' | '/load/compare -o') REPLY='table wide json ndjson yaml name' ;;
    '/load/compare @'1) REPLY=@file ;;
    '/load/compare @'2) REPLY=@file ;;
    '/load/clean --output' | '/load/clean -o') REPLY='table wide json ndjson yaml name' ;;
    '/check --output' | '/check -o') REPLY='nagios json prometheus' ;;
    '/check --canary-password-file') REPLY=@file ;;
    '/check @'*) REPLY='postgres migrations replicas redis bus lag outbox dead nodes files certificates http canary' ;;
    '/wait/lag @'*) REPLY=@dynamic ;;
    '/doctor --output' | '/doctor -o') REPLY='table wide json ndjson yaml name' ;;
    '/top --output' | '/top -o') REPLY='table wide json ndjson yaml name' ;;
    '/context/list --output' | '/context/list -o') REPLY='table wide json ndjson yaml name' ;;
    '/context/use @'1) REPLY=@dynamic ;;
    '/context/show --output' | '/context/show -o') REPLY='table wide json ndjson yaml name' ;;
    '/help @'*) REPLY=@dynamic ;;
    '/completion @'1) REPLY='bash zsh fish' ;;
    '/man @'*) REPLY=@dynamic ;;
    *) ;;
  esac
}

# The commands and options that may stand at a path.
__chatctl_words() {
  case "$1" in
    '')
      commands='apply diff plan export validate explain migrate user room key node presence lag topic dead outbox trace load check wait doctor top context help completion man version'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/apply')
      commands=''
      options='--filename -f --owner --prune --prune-limit --wait --output -o --fields --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/diff')
      commands=''
      options='--filename -f --owner --prune --prune-limit --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/plan')
      commands=''
      options='--filename -f --owner --prune --prune-limit --out --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/export')
      commands=''
      options='--kind --workspace -w --members --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/validate')
      commands=''
      options='--filename -f --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/explain')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate')
      commands='status plan up down verify lint doctor repair baseline new'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/status')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/plan')
      commands=''
      options='--to --sql --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/up')
      commands=''
      options='--to --output -o --fields --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/down')
      commands=''
      options='--count --output -o --fields --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/verify')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/lint')
      commands=''
      options='--strict --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/doctor')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/repair')
      commands=''
      options='--output -o --fields --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/baseline')
      commands=''
      options='--output -o --fields --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/migrate/new')
      commands=''
      options='--folder --no-transaction --output -o --fields --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user')
      commands='list get create password disable enable role kick sessions token import export erase verify-record audit'
      options='--workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/list')
      commands=''
      options='--all-workspaces -A --role --state --presence --prefix --created-after --created-before --unseen-since --limit -n --after --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/get')
      commands=''
      options='--output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/create')
      commands=''
      options='--display-name --role --password-file --output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/password')
      commands=''
      options='--password-file --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/disable')
      commands=''
      options='--output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/enable')
      commands=''
      options='--output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/role')
      commands=''
      options='--output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/kick')
      commands=''
      options='--output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/sessions')
      commands='list revoke'
      options='--workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/sessions/list')
      commands=''
      options='--output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/sessions/revoke')
      commands=''
      options='--session --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/token')
      commands=''
      options='--ttl --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/import')
      commands=''
      options='--format --from --parallel --output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/export')
      commands=''
      options='--to --output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/erase')
      commands=''
      options='--record --keep-messages --rate --output -o --fields --dry-run --yes -y --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/verify-record')
      commands=''
      options='--output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/user/audit')
      commands=''
      options='--all-workspaces -A --since --action --limit -n --after --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room')
      commands='list get create archive unarchive restrict members import top audit'
      options='--workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/list')
      commands=''
      options='--all-workspaces -A --type --state --title --member --created-after --created-before --quiet-since --limit -n --after --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/get')
      commands=''
      options='--output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/create')
      commands=''
      options='--type --owner --member --encrypted --output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/archive')
      commands=''
      options='--dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/unarchive')
      commands=''
      options='--dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/restrict')
      commands=''
      options='--read-only --no-read-only --slow-mode --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/members')
      commands='list add remove role'
      options='--workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/members/list')
      commands=''
      options='--limit -n --after --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/members/add')
      commands=''
      options='--output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/members/remove')
      commands=''
      options='--output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/members/role')
      commands=''
      options='--output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/import')
      commands=''
      options='--format --from --parallel --output -o --fields --dry-run --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/top')
      commands=''
      options='--interval --limit --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/room/audit')
      commands=''
      options='--since --action --limit -n --after --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key')
      commands='list add promote reencrypt verify disable enable destroy restore'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/list')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/add')
      commands=''
      options='--wait --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/promote')
      commands=''
      options='--wait --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/reencrypt')
      commands=''
      options='--rate --after --sample --output -o --fields --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/verify')
      commands=''
      options='--sample --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/disable')
      commands=''
      options='--dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/enable')
      commands=''
      options='--dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/destroy')
      commands=''
      options='--waiting --backup --for-good --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/key/restore')
      commands=''
      options='--dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/node')
      commands='list drain undrain'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/node/list')
      commands=''
      options='--all --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/node/drain')
      commands=''
      options='--rate --no-wait --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/node/undrain')
      commands=''
      options='--dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/presence')
      commands='list count watch verify kick'
      options='--workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/presence/list')
      commands=''
      options='--limit -n --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/presence/count')
      commands=''
      options='--output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/presence/watch')
      commands=''
      options='--limit -n --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/presence/verify')
      commands=''
      options='--wait --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/presence/kick')
      commands=''
      options='--ghosts --wait --output -o --fields --dry-run --yes -y --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/lag')
      commands='show reset export'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/lag/show')
      commands=''
      options='--explain --watch -w --interval --warn --crit --topic --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/lag/reset')
      commands=''
      options='--to-earliest --to-latest --to-offset --to-datetime --by-duration --partition --topic --execute --output -o --fields --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/lag/export')
      commands=''
      options='--serve --interval --warn --crit --topic --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/topic')
      commands='list describe diff apply delete'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/topic/list')
      commands=''
      options='--all --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/topic/describe')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/topic/diff')
      commands=''
      options='--filename -f --to-partitions --to-replication --set --unset --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/topic/apply')
      commands=''
      options='--filename -f --to-partitions --to-replication --set --unset --output -o --fields --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/topic/delete')
      commands=''
      options='--force --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/dead')
      commands='list show replay drop'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/dead/list')
      commands=''
      options='--room --limit --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/dead/show')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/dead/replay')
      commands=''
      options='--all --rate --wait --output -o --fields --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/dead/drop')
      commands=''
      options='--room --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/outbox')
      commands='status replay'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/outbox/status')
      commands=''
      options='--warn --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/outbox/replay')
      commands=''
      options='--rate --older --output -o --fields --dry-run --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/trace')
      commands=''
      options='--scan --node --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/load')
      commands='run compare clean'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/load/run')
      commands=''
      options='--html --json --socket-url --users --clean --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/load/compare')
      commands=''
      options='--tolerance --floor --metric --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/load/clean')
      commands=''
      options='--output -o --fields --dry-run --yes -y --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/check')
      commands=''
      options='--interval --warn --crit --output -o --canary-user --canary-password-file --canary-warn --canary-crit --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/wait')
      commands='migrations lag node http'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/wait/migrations')
      commands=''
      options='--every --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/wait/lag')
      commands=''
      options='--below --younger --every --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/wait/node')
      commands=''
      options='--role --count --every --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/wait/http')
      commands=''
      options='--status --every --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/doctor')
      commands=''
      options='--all --interval --warn --crit --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/top')
      commands=''
      options='--interval --once --output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/context')
      commands='list use show'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/context/list')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/context/use')
      commands=''
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/context/show')
      commands=''
      options='--output -o --fields --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
      ;;
    '/help')
      commands=''
      options='--json --help -h --version'
      ;;
    '/completion')
      commands=''
      options='--help -h --version'
      ;;
    '/man')
      commands=''
      options='--list --help -h --version'
      ;;
    '/version')
      commands=''
      options='--help -h --version'
      ;;
  esac
}

# A word without the shell's quotes and backslashes; QUOTE is the quote that is still open at its end.
__chatctl_plain() {
  local rest=$1 letter
  QUOTE=''
  REPLY=$1
  if [[ $1 != *[\\\'\"]* ]]; then return; fi
  REPLY=''
  while [[ -n $rest ]]; do
    letter=${rest:0:1}
    rest=${rest:1}
    case $QUOTE$letter in
      "'" | '"') QUOTE=$letter ;;
      "''" | '""') QUOTE='' ;;
      \\ | \"\\)
        if [[ -n $QUOTE && $rest != [\\\"\$\`]* ]]; then
          REPLY+=$letter
        else
          REPLY+=${rest:0:1}
          rest=${rest:1}
        fi
        ;;
      *) REPLY+=$letter ;;
    esac
  done
}

# A value as it is written within the quote $2, or without one.
__chatctl_quoted() {
  local rest=$1 letter
  REPLY=$1
  if [[ $1 != *[[:blank:]\\\'\"\$\`\&\|\;\<\>\(\)\{\}\[\]\*\?\!\#\~]* ]]; then return; fi
  REPLY=''
  while [[ -n $rest ]]; do
    letter=${rest:0:1}
    rest=${rest:1}
    case $2$letter in
      "''") REPLY+="'\\''" ;;
      \"[\\\"\$\`] | [[:blank:]\\\'\"\$\`\&\|\;\<\>\(\)\{\}\[\]\*\?\!\#\~]) REPLY+=\\$letter ;;
      *) REPLY+=$letter ;;
    esac
  done
}

_chatctl() {
  local IFS=$' \t\n' REPLY QUOTE commands options
  local line=$COMP_LINE path='' open='' only='' typed lead='' full word letter quote files='' i position=0
  local -a words=() found=()
  # Bash splits at = and : too; what no blank separates is one word.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i > 0)) && [[ -n $line && $line != [[:blank:]]* ]]; then
      words[${#words[@]}-1]+=$word
    else
      line=${line#"${line%%[![:blank:]]*}"}
      words+=("$word")
    fi
    line=${line#"$word"}
  done
  for ((i = 0; i < ${#words[@]}; i++)); do
    __chatctl_plain "${words[i]}"
    words[i]=$REPLY
    quote=$QUOTE
  done
  # Which command this is, and what is still open.
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    word=${words[i]}
    if [[ -n $open ]]; then
      open=''
    elif [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == --* ]]; then
      if [[ $word != *=* ]] && __chatctl_takes_value "$path" "$word"; then open=$word; fi
    elif [[ -z $only && $word == -?* ]]; then
      for ((letter = 1; letter < ${#word}; letter++)); do
        if __chatctl_takes_value "$path" "-${word:letter:1}"; then
          if ((letter == ${#word} - 1)); then open="-${word:letter:1}"; fi
          break
        fi
      done
    elif ((position == 0)) && __chatctl_command "$path" "$word"; then
      path=$REPLY
    else
      position=$((position + 1))
    fi
  done
  typed=${words[${#words[@]}-1]}
  full=$typed
  REPLY=''
  __chatctl_words "$path"
  if [[ -n $open ]]; then
    __chatctl_values "$path" "$open"
  elif [[ -z $only && $typed == --*=* ]]; then
    lead=${typed%%=*}=
    typed=${typed#*=}
    __chatctl_values "$path" "${lead%=}"
  elif [[ -z $only && $typed == -* ]]; then
    REPLY=$options
  elif [[ -n $commands ]] && ((position == 0)); then
    REPLY=$commands
  else
    __chatctl_values "$path" "@$((position + 1))"
  fi
  COMPREPLY=()
  case $REPLY in
    @file)
      # What begins with ~ is left to readline, and quoting too.
      files=1
      compopt -o filenames -o default 2>/dev/null
      mapfile -t found < <(compgen -f -- "$typed")
      ;;
    @directory)
      files=1
      compopt -o filenames -o dirnames 2>/dev/null
      mapfile -t found < <(compgen -d -- "$typed")
      ;;
    @dynamic)
      mapfile -t found < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
      found=("${found[@]%%$'\t'*}")
      found=("${found[@]#"$lead"}")
      ;;
    *) read -ra found <<<"$REPLY" ;;
  esac
  # Bash replaces what stands behind the last = or : only.
  word=${COMP_WORDS[COMP_CWORD]}
  if [[ $word == [=:] ]]; then word=''; fi
  __chatctl_plain "$word"
  full=${full%"$REPLY"}
  for word in "${found[@]}"; do
    if [[ $word != "$typed"* ]]; then continue; fi
    word=$lead$word
    REPLY=${word#"$full"}
    if [[ -z $files ]]; then __chatctl_quoted "$REPLY" "$quote"; fi
    COMPREPLY+=("$REPLY")
  done
  # Readline closes a quote, unless what it has inserted ends with one.
  if [[ -n $quote && ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *"$quote" ]]; then COMPREPLY[0]+=$quote; fi
}

complete -F _chatctl chatctl
