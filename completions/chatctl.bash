# bash completion of chatctl, made by: chatctl completion bash

# The path of the command that a word leads to.
__chatctl_command() {
  case "$1/$2" in
    '/migrate') REPLY='/migrate' ;;
    '/user') REPLY='/user' ;;
    '/room') REPLY='/room' ;;
    '/node') REPLY='/node' ;;
    '/presence') REPLY='/presence' ;;
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
    '/room/members') REPLY='/room/members' ;;
    '/room/audit') REPLY='/room/audit' ;;
    '/room/members/list' | '/room/members/ls') REPLY='/room/members/list' ;;
    '/room/members/add') REPLY='/room/members/add' ;;
    '/room/members/remove' | '/room/members/rm') REPLY='/room/members/remove' ;;
    '/room/members/role') REPLY='/room/members/role' ;;
    '/node/list' | '/node/ls') REPLY='/node/list' ;;
    '/node/drain') REPLY='/node/drain' ;;
    '/node/undrain') REPLY='/node/undrain' ;;
    '/presence/list' | '/presence/ls') REPLY='/presence/list' ;;
    '/presence/count') REPLY='/presence/count' ;;
    '/presence/watch') REPLY='/presence/watch' ;;
    '/presence/verify') REPLY='/presence/verify' ;;
    '/presence/kick') REPLY='/presence/kick' ;;
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
    *' --calls-turn-lifetime' | '/migrate/status --output' | '/migrate/status -o' | \
    '/migrate/status --fields' | '/migrate/plan --to' | '/migrate/plan --output' | '/migrate/plan -o' | \
    '/migrate/plan --fields' | '/migrate/up --to' | '/migrate/up --output' | '/migrate/up -o' | \
    '/migrate/up --fields' | '/migrate/down --count' | '/migrate/down --output' | '/migrate/down -o' | \
    '/migrate/down --fields' | '/migrate/verify --output' | '/migrate/verify -o' | \
    '/migrate/verify --fields' | '/migrate/lint --output' | '/migrate/lint -o' | '/migrate/lint --fields' | \
    '/migrate/doctor --output' | '/migrate/doctor -o' | '/migrate/doctor --fields' | \
    '/migrate/repair --output' | '/migrate/repair -o' | '/migrate/repair --fields' | \
    '/migrate/baseline --output' | '/migrate/baseline -o' | '/migrate/baseline --fields' | \
    '/migrate/new --folder' | '/migrate/new --output' | '/migrate/new -o' | '/migrate/new --fields' | \
    '/user --workspace' | '/user/'*' --workspace' | '/user -w' | '/user/'*' -w' | '/user/list --role' | \
    '/user/list --state' | '/user/list --presence' | '/user/list --prefix' | '/user/list --created-after' | \
    '/user/list --created-before' | '/user/list --unseen-since' | '/user/list --limit' | '/user/list -n' | \
    '/user/list --after' | '/user/list --output' | '/user/list -o' | '/user/list --fields' | \
    '/user/get --output' | '/user/get -o' | '/user/get --fields' | '/user/create --display-name' | \
    '/user/create --role' | '/user/create --password-file' | '/user/create --output' | '/user/create -o' | \
    '/user/create --fields' | '/user/password --password-file' | '/user/disable --output' | \
    '/user/disable -o' | '/user/disable --fields' | '/user/enable --output' | '/user/enable -o' | \
    '/user/enable --fields' | '/user/role --output' | '/user/role -o' | '/user/role --fields' | \
    '/user/kick --output' | '/user/kick -o' | '/user/kick --fields' | '/user/sessions/list --output' | \
    '/user/sessions/list -o' | '/user/sessions/list --fields' | '/user/sessions/revoke --session' | \
    '/user/token --ttl' | '/user/token --output' | '/user/token -o' | '/user/token --fields' | \
    '/user/import --format' | '/user/import --from' | '/user/import --parallel' | '/user/import --output' | \
    '/user/import -o' | '/user/import --fields' | '/user/export --to' | '/user/export --output' | \
    '/user/export -o' | '/user/export --fields' | '/user/erase --record' | '/user/erase --output' | \
    '/user/erase -o' | '/user/erase --fields' | '/user/verify-record --output' | '/user/verify-record -o' | \
    '/user/verify-record --fields' | '/user/audit --since' | '/user/audit --action' | '/user/audit --limit' | \
    '/user/audit -n' | '/user/audit --after' | '/user/audit --output' | '/user/audit -o' | \
    '/user/audit --fields' | '/room --workspace' | '/room/'*' --workspace' | '/room -w' | '/room/'*' -w' | \
    '/room/list --type' | '/room/list --state' | '/room/list --title' | '/room/list --member' | \
    '/room/list --created-after' | '/room/list --created-before' | '/room/list --quiet-since' | \
    '/room/list --limit' | '/room/list -n' | '/room/list --after' | '/room/list --output' | '/room/list -o' | \
    '/room/list --fields' | '/room/get --output' | '/room/get -o' | '/room/get --fields' | \
    '/room/create --type' | '/room/create --owner' | '/room/create --member' | '/room/create --output' | \
    '/room/create -o' | '/room/create --fields' | '/room/members/list --limit' | '/room/members/list -n' | \
    '/room/members/list --after' | '/room/members/list --output' | '/room/members/list -o' | \
    '/room/members/list --fields' | '/room/members/add --output' | '/room/members/add -o' | \
    '/room/members/add --fields' | '/room/members/remove --output' | '/room/members/remove -o' | \
    '/room/members/remove --fields' | '/room/members/role --output' | '/room/members/role -o' | \
    '/room/members/role --fields' | '/room/audit --since' | '/room/audit --action' | '/room/audit --limit' | \
    '/room/audit -n' | '/room/audit --after' | '/room/audit --output' | '/room/audit -o' | \
    '/room/audit --fields' | '/node/list --output' | '/node/list -o' | '/node/list --fields' | \
    '/node/drain --rate' | '/presence --workspace' | '/presence/'*' --workspace' | '/presence -w' | \
    '/presence/'*' -w' | '/presence/list --limit' | '/presence/list -n' | '/presence/list --output' | \
    '/presence/list -o' | '/presence/list --fields' | '/presence/count --output' | '/presence/count -o' | \
    '/presence/count --fields' | '/presence/watch --limit' | '/presence/watch -n' | \
    '/presence/watch --output' | '/presence/watch -o' | '/presence/watch --fields' | \
    '/presence/verify --wait' | '/presence/verify --output' | '/presence/verify -o' | \
    '/presence/verify --fields' | '/presence/kick --wait' | '/presence/kick --output' | '/presence/kick -o' | \
    '/presence/kick --fields' | '/context/list --output' | '/context/list -o' | '/context/list --fields' | \
    '/context/show --output' | '/context/show -o' | '/context/show --fields') ;;
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
    '/room/audit --output' | '/room/audit -o') REPLY='table wide json ndjson yaml name' ;;
    '/room/audit @'1) REPLY=@dynamic ;;
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
      commands='migrate user room node presence context help completion man version'
      options='--no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
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
      options='--record --keep-messages --output -o --fields --dry-run --yes -y --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
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
      commands='list get create archive unarchive members audit'
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
    '/room/audit')
      commands=''
      options='--since --action --limit -n --after --output -o --fields --workspace -w --no-input --timeout --context --contexts --config -c --url --admin-url --token-file --embedded --secrets --postgres --postgres-password-file --redis --redis-password-file --bus --bus-topic --kafka --help -h --version'
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

_chatctl() {
  local IFS=$' \t\n' REPLY commands options
  local line=$COMP_LINE path='' open='' only='' typed lead='' target full word letter i position=0
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
      # What is quoted or begins with ~ is left to readline.
      compopt -o filenames -o default 2>/dev/null
      mapfile -t found < <(compgen -f -- "$typed")
      ;;
    @directory)
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
  full=${full%"$word"}
  for word in "${found[@]}"; do
    if [[ $word != "$typed"* ]]; then continue; fi
    word=$lead$word
    COMPREPLY+=("${word#"$full"}")
  done
}

complete -F _chatctl chatctl
