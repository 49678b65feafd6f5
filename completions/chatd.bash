# bash completion of chatd, made by: chatd completion bash

# The path of the command that a word leads to.
__chatd_command() {
  case "$1/$2" in
    '/all') REPLY='/all' ;;
    '/api') REPLY='/api' ;;
    '/gateway') REPLY='/gateway' ;;
    '/presence') REPLY='/presence' ;;
    '/inbox') REPLY='/inbox' ;;
    '/config') REPLY='/config' ;;
    '/help') REPLY='/help' ;;
    '/completion') REPLY='/completion' ;;
    '/man') REPLY='/man' ;;
    '/version') REPLY='/version' ;;
    *) return 1 ;;
  esac
}

# Whether an option takes the next word.
__chatd_takes_value() {
  case "$1 $2" in
    *' --config' | *' -c' | *' --embedded' | *' --secrets' | *' --loops' | *' --log-level' | \
    *' --log-format' | *' --listen' | *' --max-connections' | *' --http-backlog' | *' --http-idle-timeout' | \
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
    *' --calls-turn-lifetime' | '/config --output' | '/config -o') ;;
    *) return 1 ;;
  esac
}

# The values of an option or, @1, of an argument.
__chatd_values() {
  case "$1 $2" in
    *' --config' | *' -c') REPLY=@file ;;
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
    '/config --output' | '/config -o') REPLY='table yaml json markdown' ;;
    '/config @'*) REPLY=@dynamic ;;
    '/help @'*) REPLY=@dynamic ;;
    '/completion @'1) REPLY='bash zsh fish' ;;
    '/man @'*) REPLY=@dynamic ;;
    *) ;;
  esac
}

# The commands and options that may stand at a path.
__chatd_words() {
  case "$1" in
    '')
      commands='all api gateway presence inbox config help completion man version'
      options='--config -c --embedded --secrets --loops --log-level --log-format --log-requests --no-log-requests --listen --max-connections --http-backlog --http-idle-timeout --http-head-timeout --http-body-timeout --http-send-timeout --http-close-timeout --http-retry-after --http-max-head --http-max-target --http-max-fields --http-max-body --http-max-pipelined --http-cors-origins --http-trusted-proxies --http-forwarded-field --http-compression --no-http-compression --http-compression-threshold --admin-listen --tls-certificate --tls-key --tls-more --tls-minimum-version --tls-admin-authorities --tls-handshake-timeout --tls-max-handshakes --sockets-ping-interval --sockets-ping-timeout --sockets-upgrade-timeout --sockets-connect-timeout --sockets-max-payload --sockets-max-buffered --sockets-max-sessions --sockets-polling --no-sockets-polling --sockets-affinity-cookie --sockets-max-rooms --sockets-max-replay --sockets-compression --no-sockets-compression --sockets-compression-threshold --sockets-compression-context --no-sockets-compression-context --sockets-compression-window --sockets-recovery-window --sockets-max-recoverable --sockets-max-recovered --postgres --postgres-password-file --postgres-pool-size --postgres-connect-timeout --postgres-statement-timeout --postgres-acquire-timeout --postgres-queue-limit --postgres-idle-timeout --postgres-max-lifetime --redis --redis-password-file --redis-connect-timeout --redis-command-timeout --redis-queue-limit --redis-max-buffered --bus --bus-topic --bus-partitions --bus-retention --bus-limit --bus-lease --bus-encoding --kafka --kafka-replication --kafka-publish-timeout --kafka-session-timeout --kafka-patience --kafka-security --kafka-ca-file --kafka-certificate-file --kafka-key-file --kafka-key-password-file --kafka-verify-host --no-kafka-verify-host --kafka-authentication --kafka-username --kafka-password-file --accounts-access-token-lifetime --accounts-refresh-token-lifetime --accounts-refresh-grace --accounts-password-memory --accounts-password-passes --accounts-password-threads --accounts-password-queue --messages-max-body --messages-max-page --messages-batch --messages-queue-limit --messages-patience --messages-idempotency-lifetime --attachments-store --attachments-folder --attachments-endpoint --attachments-bucket --attachments-region --attachments-access-key --attachments-secret-key-file --attachments-url-lifetime --attachments-max-size --attachments-types --attachments-max-pending --attachments-quota --attachments-orphan-age --encryption-mode --encryption-master-key-file --filter-words --filter-action --filter-url --filter-secret-file --filter-timeout --filter-allow-private --no-filter-allow-private --filter-ca-file --outbox-relay-age --outbox-relay-interval --outbox-relay-batch --limits-enabled --no-limits-enabled --limits-when-unavailable --limits-patience --limits-exempt --limits-user-logins --limits-address-logins --limits-user-reads --limits-address-reads --limits-user-writes --limits-address-writes --limits-user-sends --limits-address-sends --limits-user-searches --limits-address-searches --limits-user-events --limits-address-events --limits-user-connects --limits-address-connects --inbox-attempts --inbox-memory --inbox-max-members --inbox-update-interval --inbox-comparison-interval --webhooks-allow-private --no-webhooks-allow-private --webhooks-ca-file --webhooks-timeout --webhooks-attempts --webhooks-first-pause --webhooks-longest-pause --webhooks-patience --push-url --push-secret-file --push-timeout --push-attempts --presence-ttl --presence-grace --presence-sweep-interval --presence-max-members --presence-max-subscriptions --presence-max-batch --calls-ring-timeout --calls-grace --calls-max-participants --calls-stun-uris --calls-turn-uris --calls-turn-secret-file --calls-turn-lifetime --help -h --version'
      ;;
    '/all')
      commands=''
      options='--config -c --embedded --secrets --loops --log-level --log-format --log-requests --no-log-requests --listen --max-connections --http-backlog --http-idle-timeout --http-head-timeout --http-body-timeout --http-send-timeout --http-close-timeout --http-retry-after --http-max-head --http-max-target --http-max-fields --http-max-body --http-max-pipelined --http-cors-origins --http-trusted-proxies --http-forwarded-field --http-compression --no-http-compression --http-compression-threshold --admin-listen --tls-certificate --tls-key --tls-more --tls-minimum-version --tls-admin-authorities --tls-handshake-timeout --tls-max-handshakes --sockets-ping-interval --sockets-ping-timeout --sockets-upgrade-timeout --sockets-connect-timeout --sockets-max-payload --sockets-max-buffered --sockets-max-sessions --sockets-polling --no-sockets-polling --sockets-affinity-cookie --sockets-max-rooms --sockets-max-replay --sockets-compression --no-sockets-compression --sockets-compression-threshold --sockets-compression-context --no-sockets-compression-context --sockets-compression-window --sockets-recovery-window --sockets-max-recoverable --sockets-max-recovered --postgres --postgres-password-file --postgres-pool-size --postgres-connect-timeout --postgres-statement-timeout --postgres-acquire-timeout --postgres-queue-limit --postgres-idle-timeout --postgres-max-lifetime --redis --redis-password-file --redis-connect-timeout --redis-command-timeout --redis-queue-limit --redis-max-buffered --bus --bus-topic --bus-partitions --bus-retention --bus-limit --bus-lease --bus-encoding --kafka --kafka-replication --kafka-publish-timeout --kafka-session-timeout --kafka-patience --kafka-security --kafka-ca-file --kafka-certificate-file --kafka-key-file --kafka-key-password-file --kafka-verify-host --no-kafka-verify-host --kafka-authentication --kafka-username --kafka-password-file --accounts-access-token-lifetime --accounts-refresh-token-lifetime --accounts-refresh-grace --accounts-password-memory --accounts-password-passes --accounts-password-threads --accounts-password-queue --messages-max-body --messages-max-page --messages-batch --messages-queue-limit --messages-patience --messages-idempotency-lifetime --attachments-store --attachments-folder --attachments-endpoint --attachments-bucket --attachments-region --attachments-access-key --attachments-secret-key-file --attachments-url-lifetime --attachments-max-size --attachments-types --attachments-max-pending --attachments-quota --attachments-orphan-age --encryption-mode --encryption-master-key-file --filter-words --filter-action --filter-url --filter-secret-file --filter-timeout --filter-allow-private --no-filter-allow-private --filter-ca-file --outbox-relay-age --outbox-relay-interval --outbox-relay-batch --limits-enabled --no-limits-enabled --limits-when-unavailable --limits-patience --limits-exempt --limits-user-logins --limits-address-logins --limits-user-reads --limits-address-reads --limits-user-writes --limits-address-writes --limits-user-sends --limits-address-sends --limits-user-searches --limits-address-searches --limits-user-events --limits-address-events --limits-user-connects --limits-address-connects --inbox-attempts --inbox-memory --inbox-max-members --inbox-update-interval --inbox-comparison-interval --webhooks-allow-private --no-webhooks-allow-private --webhooks-ca-file --webhooks-timeout --webhooks-attempts --webhooks-first-pause --webhooks-longest-pause --webhooks-patience --push-url --push-secret-file --push-timeout --push-attempts --presence-ttl --presence-grace --presence-sweep-interval --presence-max-members --presence-max-subscriptions --presence-max-batch --calls-ring-timeout --calls-grace --calls-max-participants --calls-stun-uris --calls-turn-uris --calls-turn-secret-file --calls-turn-lifetime --help -h --version'
      ;;
    '/api')
      commands=''
      options='--config -c --embedded --secrets --loops --log-level --log-format --log-requests --no-log-requests --listen --max-connections --http-backlog --http-idle-timeout --http-head-timeout --http-body-timeout --http-send-timeout --http-close-timeout --http-retry-after --http-max-head --http-max-target --http-max-fields --http-max-body --http-max-pipelined --http-cors-origins --http-trusted-proxies --http-forwarded-field --http-compression --no-http-compression --http-compression-threshold --admin-listen --tls-certificate --tls-key --tls-more --tls-minimum-version --tls-admin-authorities --tls-handshake-timeout --tls-max-handshakes --sockets-ping-interval --sockets-ping-timeout --sockets-upgrade-timeout --sockets-connect-timeout --sockets-max-payload --sockets-max-buffered --sockets-max-sessions --sockets-polling --no-sockets-polling --sockets-affinity-cookie --sockets-max-rooms --sockets-max-replay --sockets-compression --no-sockets-compression --sockets-compression-threshold --sockets-compression-context --no-sockets-compression-context --sockets-compression-window --sockets-recovery-window --sockets-max-recoverable --sockets-max-recovered --postgres --postgres-password-file --postgres-pool-size --postgres-connect-timeout --postgres-statement-timeout --postgres-acquire-timeout --postgres-queue-limit --postgres-idle-timeout --postgres-max-lifetime --redis --redis-password-file --redis-connect-timeout --redis-command-timeout --redis-queue-limit --redis-max-buffered --bus --bus-topic --bus-partitions --bus-retention --bus-limit --bus-lease --bus-encoding --kafka --kafka-replication --kafka-publish-timeout --kafka-session-timeout --kafka-patience --kafka-security --kafka-ca-file --kafka-certificate-file --kafka-key-file --kafka-key-password-file --kafka-verify-host --no-kafka-verify-host --kafka-authentication --kafka-username --kafka-password-file --accounts-access-token-lifetime --accounts-refresh-token-lifetime --accounts-refresh-grace --accounts-password-memory --accounts-password-passes --accounts-password-threads --accounts-password-queue --messages-max-body --messages-max-page --messages-batch --messages-queue-limit --messages-patience --messages-idempotency-lifetime --attachments-store --attachments-folder --attachments-endpoint --attachments-bucket --attachments-region --attachments-access-key --attachments-secret-key-file --attachments-url-lifetime --attachments-max-size --attachments-types --attachments-max-pending --attachments-quota --attachments-orphan-age --encryption-mode --encryption-master-key-file --filter-words --filter-action --filter-url --filter-secret-file --filter-timeout --filter-allow-private --no-filter-allow-private --filter-ca-file --outbox-relay-age --outbox-relay-interval --outbox-relay-batch --limits-enabled --no-limits-enabled --limits-when-unavailable --limits-patience --limits-exempt --limits-user-logins --limits-address-logins --limits-user-reads --limits-address-reads --limits-user-writes --limits-address-writes --limits-user-sends --limits-address-sends --limits-user-searches --limits-address-searches --limits-user-events --limits-address-events --limits-user-connects --limits-address-connects --inbox-attempts --inbox-memory --inbox-max-members --inbox-update-interval --inbox-comparison-interval --webhooks-allow-private --no-webhooks-allow-private --webhooks-ca-file --webhooks-timeout --webhooks-attempts --webhooks-first-pause --webhooks-longest-pause --webhooks-patience --push-url --push-secret-file --push-timeout --push-attempts --presence-ttl --presence-grace --presence-sweep-interval --presence-max-members --presence-max-subscriptions --presence-max-batch --calls-ring-timeout --calls-grace --calls-max-participants --calls-stun-uris --calls-turn-uris --calls-turn-secret-file --calls-turn-lifetime --help -h --version'
      ;;
    '/gateway')
      commands=''
      options='--config -c --embedded --secrets --loops --log-level --log-format --log-requests --no-log-requests --listen --max-connections --http-backlog --http-idle-timeout --http-head-timeout --http-body-timeout --http-send-timeout --http-close-timeout --http-retry-after --http-max-head --http-max-target --http-max-fields --http-max-body --http-max-pipelined --http-cors-origins --http-trusted-proxies --http-forwarded-field --http-compression --no-http-compression --http-compression-threshold --admin-listen --tls-certificate --tls-key --tls-more --tls-minimum-version --tls-admin-authorities --tls-handshake-timeout --tls-max-handshakes --sockets-ping-interval --sockets-ping-timeout --sockets-upgrade-timeout --sockets-connect-timeout --sockets-max-payload --sockets-max-buffered --sockets-max-sessions --sockets-polling --no-sockets-polling --sockets-affinity-cookie --sockets-max-rooms --sockets-max-replay --sockets-compression --no-sockets-compression --sockets-compression-threshold --sockets-compression-context --no-sockets-compression-context --sockets-compression-window --sockets-recovery-window --sockets-max-recoverable --sockets-max-recovered --postgres --postgres-password-file --postgres-pool-size --postgres-connect-timeout --postgres-statement-timeout --postgres-acquire-timeout --postgres-queue-limit --postgres-idle-timeout --postgres-max-lifetime --redis --redis-password-file --redis-connect-timeout --redis-command-timeout --redis-queue-limit --redis-max-buffered --bus --bus-topic --bus-partitions --bus-retention --bus-limit --bus-lease --bus-encoding --kafka --kafka-replication --kafka-publish-timeout --kafka-session-timeout --kafka-patience --kafka-security --kafka-ca-file --kafka-certificate-file --kafka-key-file --kafka-key-password-file --kafka-verify-host --no-kafka-verify-host --kafka-authentication --kafka-username --kafka-password-file --accounts-access-token-lifetime --accounts-refresh-token-lifetime --accounts-refresh-grace --accounts-password-memory --accounts-password-passes --accounts-password-threads --accounts-password-queue --messages-max-body --messages-max-page --messages-batch --messages-queue-limit --messages-patience --messages-idempotency-lifetime --attachments-store --attachments-folder --attachments-endpoint --attachments-bucket --attachments-region --attachments-access-key --attachments-secret-key-file --attachments-url-lifetime --attachments-max-size --attachments-types --attachments-max-pending --attachments-quota --attachments-orphan-age --encryption-mode --encryption-master-key-file --filter-words --filter-action --filter-url --filter-secret-file --filter-timeout --filter-allow-private --no-filter-allow-private --filter-ca-file --outbox-relay-age --outbox-relay-interval --outbox-relay-batch --limits-enabled --no-limits-enabled --limits-when-unavailable --limits-patience --limits-exempt --limits-user-logins --limits-address-logins --limits-user-reads --limits-address-reads --limits-user-writes --limits-address-writes --limits-user-sends --limits-address-sends --limits-user-searches --limits-address-searches --limits-user-events --limits-address-events --limits-user-connects --limits-address-connects --inbox-attempts --inbox-memory --inbox-max-members --inbox-update-interval --inbox-comparison-interval --webhooks-allow-private --no-webhooks-allow-private --webhooks-ca-file --webhooks-timeout --webhooks-attempts --webhooks-first-pause --webhooks-longest-pause --webhooks-patience --push-url --push-secret-file --push-timeout --push-attempts --presence-ttl --presence-grace --presence-sweep-interval --presence-max-members --presence-max-subscriptions --presence-max-batch --calls-ring-timeout --calls-grace --calls-max-participants --calls-stun-uris --calls-turn-uris --calls-turn-secret-file --calls-turn-lifetime --help -h --version'
      ;;
    '/presence')
      commands=''
      options='--config -c --embedded --secrets --loops --log-level --log-format --log-requests --no-log-requests --listen --max-connections --http-backlog --http-idle-timeout --http-head-timeout --http-body-timeout --http-send-timeout --http-close-timeout --http-retry-after --http-max-head --http-max-target --http-max-fields --http-max-body --http-max-pipelined --http-cors-origins --http-trusted-proxies --http-forwarded-field --http-compression --no-http-compression --http-compression-threshold --admin-listen --tls-certificate --tls-key --tls-more --tls-minimum-version --tls-admin-authorities --tls-handshake-timeout --tls-max-handshakes --sockets-ping-interval --sockets-ping-timeout --sockets-upgrade-timeout --sockets-connect-timeout --sockets-max-payload --sockets-max-buffered --sockets-max-sessions --sockets-polling --no-sockets-polling --sockets-affinity-cookie --sockets-max-rooms --sockets-max-replay --sockets-compression --no-sockets-compression --sockets-compression-threshold --sockets-compression-context --no-sockets-compression-context --sockets-compression-window --sockets-recovery-window --sockets-max-recoverable --sockets-max-recovered --postgres --postgres-password-file --postgres-pool-size --postgres-connect-timeout --postgres-statement-timeout --postgres-acquire-timeout --postgres-queue-limit --postgres-idle-timeout --postgres-max-lifetime --redis --redis-password-file --redis-connect-timeout --redis-command-timeout --redis-queue-limit --redis-max-buffered --bus --bus-topic --bus-partitions --bus-retention --bus-limit --bus-lease --bus-encoding --kafka --kafka-replication --kafka-publish-timeout --kafka-session-timeout --kafka-patience --kafka-security --kafka-ca-file --kafka-certificate-file --kafka-key-file --kafka-key-password-file --kafka-verify-host --no-kafka-verify-host --kafka-authentication --kafka-username --kafka-password-file --accounts-access-token-lifetime --accounts-refresh-token-lifetime --accounts-refresh-grace --accounts-password-memory --accounts-password-passes --accounts-password-threads --accounts-password-queue --messages-max-body --messages-max-page --messages-batch --messages-queue-limit --messages-patience --messages-idempotency-lifetime --attachments-store --attachments-folder --attachments-endpoint --attachments-bucket --attachments-region --attachments-access-key --attachments-secret-key-file --attachments-url-lifetime --attachments-max-size --attachments-types --attachments-max-pending --attachments-quota --attachments-orphan-age --encryption-mode --encryption-master-key-file --filter-words --filter-action --filter-url --filter-secret-file --filter-timeout --filter-allow-private --no-filter-allow-private --filter-ca-file --outbox-relay-age --outbox-relay-interval --outbox-relay-batch --limits-enabled --no-limits-enabled --limits-when-unavailable --limits-patience --limits-exempt --limits-user-logins --limits-address-logins --limits-user-reads --limits-address-reads --limits-user-writes --limits-address-writes --limits-user-sends --limits-address-sends --limits-user-searches --limits-address-searches --limits-user-events --limits-address-events --limits-user-connects --limits-address-connects --inbox-attempts --inbox-memory --inbox-max-members --inbox-update-interval --inbox-comparison-interval --webhooks-allow-private --no-webhooks-allow-private --webhooks-ca-file --webhooks-timeout --webhooks-attempts --webhooks-first-pause --webhooks-longest-pause --webhooks-patience --push-url --push-secret-file --push-timeout --push-attempts --presence-ttl --presence-grace --presence-sweep-interval --presence-max-members --presence-max-subscriptions --presence-max-batch --calls-ring-timeout --calls-grace --calls-max-participants --calls-stun-uris --calls-turn-uris --calls-turn-secret-file --calls-turn-lifetime --help -h --version'
      ;;
    '/inbox')
      commands=''
      options='--config -c --embedded --secrets --loops --log-level --log-format --log-requests --no-log-requests --listen --max-connections --http-backlog --http-idle-timeout --http-head-timeout --http-body-timeout --http-send-timeout --http-close-timeout --http-retry-after --http-max-head --http-max-target --http-max-fields --http-max-body --http-max-pipelined --http-cors-origins --http-trusted-proxies --http-forwarded-field --http-compression --no-http-compression --http-compression-threshold --admin-listen --tls-certificate --tls-key --tls-more --tls-minimum-version --tls-admin-authorities --tls-handshake-timeout --tls-max-handshakes --sockets-ping-interval --sockets-ping-timeout --sockets-upgrade-timeout --sockets-connect-timeout --sockets-max-payload --sockets-max-buffered --sockets-max-sessions --sockets-polling --no-sockets-polling --sockets-affinity-cookie --sockets-max-rooms --sockets-max-replay --sockets-compression --no-sockets-compression --sockets-compression-threshold --sockets-compression-context --no-sockets-compression-context --sockets-compression-window --sockets-recovery-window --sockets-max-recoverable --sockets-max-recovered --postgres --postgres-password-file --postgres-pool-size --postgres-connect-timeout --postgres-statement-timeout --postgres-acquire-timeout --postgres-queue-limit --postgres-idle-timeout --postgres-max-lifetime --redis --redis-password-file --redis-connect-timeout --redis-command-timeout --redis-queue-limit --redis-max-buffered --bus --bus-topic --bus-partitions --bus-retention --bus-limit --bus-lease --bus-encoding --kafka --kafka-replication --kafka-publish-timeout --kafka-session-timeout --kafka-patience --kafka-security --kafka-ca-file --kafka-certificate-file --kafka-key-file --kafka-key-password-file --kafka-verify-host --no-kafka-verify-host --kafka-authentication --kafka-username --kafka-password-file --accounts-access-token-lifetime --accounts-refresh-token-lifetime --accounts-refresh-grace --accounts-password-memory --accounts-password-passes --accounts-password-threads --accounts-password-queue --messages-max-body --messages-max-page --messages-batch --messages-queue-limit --messages-patience --messages-idempotency-lifetime --attachments-store --attachments-folder --attachments-endpoint --attachments-bucket --attachments-region --attachments-access-key --attachments-secret-key-file --attachments-url-lifetime --attachments-max-size --attachments-types --attachments-max-pending --attachments-quota --attachments-orphan-age --encryption-mode --encryption-master-key-file --filter-words --filter-action --filter-url --filter-secret-file --filter-timeout --filter-allow-private --no-filter-allow-private --filter-ca-file --outbox-relay-age --outbox-relay-interval --outbox-relay-batch --limits-enabled --no-limits-enabled --limits-when-unavailable --limits-patience --limits-exempt --limits-user-logins --limits-address-logins --limits-user-reads --limits-address-reads --limits-user-writes --limits-address-writes --limits-user-sends --limits-address-sends --limits-user-searches --limits-address-searches --limits-user-events --limits-address-events --limits-user-connects --limits-address-connects --inbox-attempts --inbox-memory --inbox-max-members --inbox-update-interval --inbox-comparison-interval --webhooks-allow-private --no-webhooks-allow-private --webhooks-ca-file --webhooks-timeout --webhooks-attempts --webhooks-first-pause --webhooks-longest-pause --webhooks-patience --push-url --push-secret-file --push-timeout --push-attempts --presence-ttl --presence-grace --presence-sweep-interval --presence-max-members --presence-max-subscriptions --presence-max-batch --calls-ring-timeout --calls-grace --calls-max-participants --calls-stun-uris --calls-turn-uris --calls-turn-secret-file --calls-turn-lifetime --help -h --version'
      ;;
    '/config')
      commands=''
      options='--output -o --check --explain --changed --config -c --embedded --secrets --loops --log-level --log-format --log-requests --no-log-requests --listen --max-connections --http-backlog --http-idle-timeout --http-head-timeout --http-body-timeout --http-send-timeout --http-close-timeout --http-retry-after --http-max-head --http-max-target --http-max-fields --http-max-body --http-max-pipelined --http-cors-origins --http-trusted-proxies --http-forwarded-field --http-compression --no-http-compression --http-compression-threshold --admin-listen --tls-certificate --tls-key --tls-more --tls-minimum-version --tls-admin-authorities --tls-handshake-timeout --tls-max-handshakes --sockets-ping-interval --sockets-ping-timeout --sockets-upgrade-timeout --sockets-connect-timeout --sockets-max-payload --sockets-max-buffered --sockets-max-sessions --sockets-polling --no-sockets-polling --sockets-affinity-cookie --sockets-max-rooms --sockets-max-replay --sockets-compression --no-sockets-compression --sockets-compression-threshold --sockets-compression-context --no-sockets-compression-context --sockets-compression-window --sockets-recovery-window --sockets-max-recoverable --sockets-max-recovered --postgres --postgres-password-file --postgres-pool-size --postgres-connect-timeout --postgres-statement-timeout --postgres-acquire-timeout --postgres-queue-limit --postgres-idle-timeout --postgres-max-lifetime --redis --redis-password-file --redis-connect-timeout --redis-command-timeout --redis-queue-limit --redis-max-buffered --bus --bus-topic --bus-partitions --bus-retention --bus-limit --bus-lease --bus-encoding --kafka --kafka-replication --kafka-publish-timeout --kafka-session-timeout --kafka-patience --kafka-security --kafka-ca-file --kafka-certificate-file --kafka-key-file --kafka-key-password-file --kafka-verify-host --no-kafka-verify-host --kafka-authentication --kafka-username --kafka-password-file --accounts-access-token-lifetime --accounts-refresh-token-lifetime --accounts-refresh-grace --accounts-password-memory --accounts-password-passes --accounts-password-threads --accounts-password-queue --messages-max-body --messages-max-page --messages-batch --messages-queue-limit --messages-patience --messages-idempotency-lifetime --attachments-store --attachments-folder --attachments-endpoint --attachments-bucket --attachments-region --attachments-access-key --attachments-secret-key-file --attachments-url-lifetime --attachments-max-size --attachments-types --attachments-max-pending --attachments-quota --attachments-orphan-age --encryption-mode --encryption-master-key-file --filter-words --filter-action --filter-url --filter-secret-file --filter-timeout --filter-allow-private --no-filter-allow-private --filter-ca-file --outbox-relay-age --outbox-relay-interval --outbox-relay-batch --limits-enabled --no-limits-enabled --limits-when-unavailable --limits-patience --limits-exempt --limits-user-logins --limits-address-logins --limits-user-reads --limits-address-reads --limits-user-writes --limits-address-writes --limits-user-sends --limits-address-sends --limits-user-searches --limits-address-searches --limits-user-events --limits-address-events --limits-user-connects --limits-address-connects --inbox-attempts --inbox-memory --inbox-max-members --inbox-update-interval --inbox-comparison-interval --webhooks-allow-private --no-webhooks-allow-private --webhooks-ca-file --webhooks-timeout --webhooks-attempts --webhooks-first-pause --webhooks-longest-pause --webhooks-patience --push-url --push-secret-file --push-timeout --push-attempts --presence-ttl --presence-grace --presence-sweep-interval --presence-max-members --presence-max-subscriptions --presence-max-batch --calls-ring-timeout --calls-grace --calls-max-participants --calls-stun-uris --calls-turn-uris --calls-turn-secret-file --calls-turn-lifetime --help -h --version'
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
__chatd_plain() {
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
__chatd_quoted() {
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

_chatd() {
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
    __chatd_plain "${words[i]}"
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
      if [[ $word != *=* ]] && __chatd_takes_value "$path" "$word"; then open=$word; fi
    elif [[ -z $only && $word == -?* ]]; then
      for ((letter = 1; letter < ${#word}; letter++)); do
        if __chatd_takes_value "$path" "-${word:letter:1}"; then
          if ((letter == ${#word} - 1)); then open="-${word:letter:1}"; fi
          break
        fi
      done
    elif ((position == 0)) && __chatd_command "$path" "$word"; then
      path=$REPLY
    else
      position=$((position + 1))
    fi
  done
  typed=${words[${#words[@]}-1]}
  full=$typed
  REPLY=''
  __chatd_words "$path"
  if [[ -n $open ]]; then
    __chatd_values "$path" "$open"
  elif [[ -z $only && $typed == --*=* ]]; then
    lead=${typed%%=*}=
    typed=${typed#*=}
    __chatd_values "$path" "${lead%=}"
  elif [[ -z $only && $typed == -* ]]; then
    REPLY=$options
  elif [[ -n $commands ]] && ((position == 0)); then
    REPLY=$commands
  else
    __chatd_values "$path" "@$((position + 1))"
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
  __chatd_plain "$word"
  full=${full%"$REPLY"}
  for word in "${found[@]}"; do
    if [[ $word != "$typed"* ]]; then continue; fi
    word=$lead$word
    REPLY=${word#"$full"}
    if [[ -z $files ]]; then __chatd_quoted "$REPLY" "$quote"; fi
    COMPREPLY+=("$REPLY")
  done
  # Readline closes a quote, unless what it has inserted ends with one.
  if [[ -n $quote && ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *"$quote" ]]; then COMPREPLY[0]+=$quote; fi
}

complete -F _chatd chatd
