# fish completion of chatctl, made by: chatctl completion fish

# The command that the words lead to, and how many arguments it has so far.
function __chatctl_state
    set -l words (commandline -opc)
    set -l path ''
    set -l count 0
    set -l open ''
    set -l only ''
    for word in $words[2..-1]
        if test -n "$open"
            set open ''
            continue
        end
        if test -z "$only"
            switch $word
                case --
                    set only 1
                    continue
                case '--*=*'
                    continue
                case '-?*'
                    switch "$path $word"
                        case '* --timeout' '* --context' '* --contexts' '* --config' '* --url' '* --admin-url' '* --token-file' '* --embedded' '* --secrets' '* --loops' '* --log-level' '* --log-format' '* --listen' '* --max-connections' '* --http-backlog' '* --http-idle-timeout' '* --http-head-timeout' '* --http-body-timeout' '* --http-send-timeout' '* --http-close-timeout' '* --http-retry-after' '* --http-max-head' '* --http-max-target' '* --http-max-fields' '* --http-max-body' '* --http-max-pipelined' '* --http-cors-origins' '* --http-trusted-proxies' '* --http-forwarded-field' '* --http-compression-threshold' '* --admin-listen' '* --tls-certificate' '* --tls-key' '* --tls-more' '* --tls-minimum-version' '* --tls-admin-authorities' '* --tls-handshake-timeout' '* --tls-max-handshakes' '* --sockets-ping-interval' '* --sockets-ping-timeout' '* --sockets-upgrade-timeout' '* --sockets-connect-timeout' '* --sockets-max-payload' '* --sockets-max-buffered' '* --sockets-max-sessions' '* --sockets-affinity-cookie' '* --sockets-max-rooms' '* --sockets-max-replay' '* --sockets-compression-threshold' '* --sockets-compression-window' '* --sockets-recovery-window' '* --sockets-max-recoverable' '* --sockets-max-recovered' '* --postgres' '* --postgres-password-file' '* --postgres-pool-size' '* --postgres-connect-timeout' '* --postgres-statement-timeout' '* --postgres-acquire-timeout' '* --postgres-queue-limit' '* --postgres-idle-timeout' '* --postgres-max-lifetime' '* --redis' '* --redis-password-file' '* --redis-connect-timeout' '* --redis-command-timeout' '* --redis-queue-limit' '* --redis-max-buffered' '* --bus' '* --bus-topic' '* --bus-partitions' '* --bus-retention' '* --bus-limit' '* --bus-lease' '* --bus-encoding' '* --kafka' '* --kafka-replication' '* --kafka-publish-timeout' '* --kafka-session-timeout' '* --kafka-patience' '* --kafka-security' '* --kafka-ca-file' '* --kafka-certificate-file' '* --kafka-key-file' '* --kafka-key-password-file' '* --kafka-authentication' '* --kafka-username' '* --kafka-password-file' '* --accounts-access-token-lifetime' '* --accounts-refresh-token-lifetime' '* --accounts-refresh-grace' '* --accounts-password-memory' '* --accounts-password-passes' '* --accounts-password-threads' '* --accounts-password-queue' '* --messages-max-body' '* --messages-max-page' '* --messages-batch' '* --messages-queue-limit' '* --messages-patience' '* --messages-idempotency-lifetime' '* --attachments-store' '* --attachments-folder' '* --attachments-endpoint' '* --attachments-bucket' '* --attachments-region' '* --attachments-access-key' '* --attachments-secret-key-file' '* --attachments-url-lifetime' '* --attachments-max-size' '* --attachments-types' '* --attachments-max-pending' '* --attachments-quota' '* --attachments-orphan-age' '* --encryption-mode' '* --encryption-master-key-file' '* --outbox-relay-age' '* --outbox-relay-interval' '* --outbox-relay-batch' '* --limits-when-unavailable' '* --limits-patience' '* --limits-exempt' '* --limits-user-logins' '* --limits-address-logins' '* --limits-user-reads' '* --limits-address-reads' '* --limits-user-writes' '* --limits-address-writes' '* --limits-user-sends' '* --limits-address-sends' '* --limits-user-searches' '* --limits-address-searches' '* --limits-user-events' '* --limits-address-events' '* --limits-user-connects' '* --limits-address-connects' '* --inbox-attempts' '* --inbox-memory' '* --inbox-max-members' '* --inbox-update-interval' '* --inbox-comparison-interval' '* --webhooks-ca-file' '* --webhooks-timeout' '* --webhooks-attempts' '* --webhooks-first-pause' '* --webhooks-longest-pause' '* --webhooks-patience' '* --push-url' '* --push-secret-file' '* --push-timeout' '* --push-attempts' '* --presence-ttl' '* --presence-grace' '* --presence-sweep-interval' '* --presence-max-members' '* --presence-max-subscriptions' '* --presence-max-batch' '* --calls-ring-timeout' '* --calls-grace' '* --calls-max-participants' '* --calls-stun-uris' '* --calls-turn-uris' '* --calls-turn-secret-file' '* --calls-turn-lifetime' '/migrate/status --output' '/migrate/status --fields' '/migrate/plan --to' '/migrate/plan --output' '/migrate/plan --fields' '/migrate/up --to' '/migrate/up --output' '/migrate/up --fields' '/migrate/down --count' '/migrate/down --output' '/migrate/down --fields' '/migrate/verify --output' '/migrate/verify --fields' '/migrate/lint --output' '/migrate/lint --fields' '/migrate/doctor --output' '/migrate/doctor --fields' '/migrate/repair --output' '/migrate/repair --fields' '/migrate/baseline --output' '/migrate/baseline --fields' '/migrate/new --folder' '/migrate/new --output' '/migrate/new --fields' '/user --workspace' '/user/* --workspace' '/user/list --role' '/user/list --state' '/user/list --presence' '/user/list --prefix' '/user/list --created-after' '/user/list --created-before' '/user/list --unseen-since' '/user/list --limit' '/user/list --after' '/user/list --output' '/user/list --fields' '/user/get --output' '/user/get --fields' '/user/create --display-name' '/user/create --role' '/user/create --password-file' '/user/create --output' '/user/create --fields' '/user/password --password-file' '/user/disable --output' '/user/disable --fields' '/user/enable --output' '/user/enable --fields' '/user/role --output' '/user/role --fields' '/user/kick --output' '/user/kick --fields' '/user/sessions/list --output' '/user/sessions/list --fields' '/user/sessions/revoke --session' '/user/token --ttl' '/user/token --output' '/user/token --fields' '/context/list --output' '/context/list --fields' '/context/show --output' '/context/show --fields'
                            set open 1
                        case '* --*'
                        case '* -*c' '/migrate/status -*o' '/migrate/plan -*o' '/migrate/up -*o' '/migrate/down -*o' '/migrate/verify -*o' '/migrate/lint -*o' '/migrate/doctor -*o' '/migrate/repair -*o' '/migrate/baseline -*o' '/migrate/new -*o' '/user -*w' '/user/* -*w' '/user/list -*n' '/user/list -*o' '/user/get -*o' '/user/create -*o' '/user/disable -*o' '/user/enable -*o' '/user/role -*o' '/user/kick -*o' '/user/sessions/list -*o' '/user/token -*o' '/context/list -*o' '/context/show -*o'
                            set open 1
                    end
                    continue
            end
        end
        switch "$count$path/$word"
            case '0/migrate'
                set path '/migrate'
            case '0/user'
                set path '/user'
            case '0/context'
                set path '/context'
            case '0/help'
                set path '/help'
            case '0/completion'
                set path '/completion'
            case '0/man'
                set path '/man'
            case '0/version'
                set path '/version'
            case '0/migrate/status'
                set path '/migrate/status'
            case '0/migrate/plan'
                set path '/migrate/plan'
            case '0/migrate/up'
                set path '/migrate/up'
            case '0/migrate/down'
                set path '/migrate/down'
            case '0/migrate/verify'
                set path '/migrate/verify'
            case '0/migrate/lint'
                set path '/migrate/lint'
            case '0/migrate/doctor'
                set path '/migrate/doctor'
            case '0/migrate/repair'
                set path '/migrate/repair'
            case '0/migrate/baseline'
                set path '/migrate/baseline'
            case '0/migrate/new'
                set path '/migrate/new'
            case '0/user/list' '0/user/ls'
                set path '/user/list'
            case '0/user/get'
                set path '/user/get'
            case '0/user/create'
                set path '/user/create'
            case '0/user/password'
                set path '/user/password'
            case '0/user/disable'
                set path '/user/disable'
            case '0/user/enable'
                set path '/user/enable'
            case '0/user/role'
                set path '/user/role'
            case '0/user/kick'
                set path '/user/kick'
            case '0/user/sessions'
                set path '/user/sessions'
            case '0/user/token'
                set path '/user/token'
            case '0/user/sessions/list' '0/user/sessions/ls'
                set path '/user/sessions/list'
            case '0/user/sessions/revoke'
                set path '/user/sessions/revoke'
            case '0/context/list'
                set path '/context/list'
            case '0/context/use'
                set path '/context/use'
            case '0/context/show'
                set path '/context/show'
            case '*'
                set count (math $count + 1)
        end
    end
    echo "$path $count"
end

# Whether the command is this one, and no argument stands there yet.
function __chatctl_at
    test (__chatctl_state) = "$argv[1] 0"
end

# Whether the command is this one or belongs to it.
function __chatctl_within
    string match -q -- "$argv[1] *" (__chatctl_state)
    or string match -q -- "$argv[1]/*" (__chatctl_state)
end

# Whether the program's own options mean anything to the command.
function __chatctl_own
    not string match -qr -- '^/(help|completion|man|version) ' (__chatctl_state)
end

# Values that only the program knows: it is asked with the words so far.
function __chatctl_dynamic
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null \
        | string replace -r -- '^--[^=\t]*=' ''
end

complete -c chatctl -f
complete -c chatctl -n '__chatctl_at \'\'' -a 'migrate' -d 'Bring the database to this version\'s schema'
complete -c chatctl -n '__chatctl_at \'\'' -a 'user' -d 'Manage users'
complete -c chatctl -n '__chatctl_at \'\'' -a 'context' -d 'Choose which installation is meant'
complete -c chatctl -n '__chatctl_at \'\'' -a 'help' -d 'Show the help of a command'
complete -c chatctl -n '__chatctl_at \'\'' -a 'completion' -d 'Print a completion script for a shell'
complete -c chatctl -n '__chatctl_at \'\'' -a 'man' -d 'Print a manual page (roff)'
complete -c chatctl -n '__chatctl_at \'\'' -a 'version' -d 'Show the version'
complete -c chatctl -n __chatctl_own -l no-input -d 'Never ask: fail where an answer would be needed'
complete -c chatctl -n __chatctl_own -l timeout -r -f -d 'Stop after this time, with exit code 75'
complete -c chatctl -n __chatctl_own -l context -r -f -d 'The context of chatctl\'s configuration'
complete -c chatctl -n __chatctl_own -l contexts -r -F -d 'The file of the contexts'
complete -c chatctl -n __chatctl_own -s c -l config -r -F -d 'chatd\'s configuration, a file of kind Server; \'none\' reads none'
complete -c chatctl -n __chatctl_own -l url -r -f -d 'The HTTP API and Socket.IO of chatd'
complete -c chatctl -n __chatctl_own -l admin-url -r -f -d 'The admin listener of chatd, with its metrics and readiness'
complete -c chatctl -n __chatctl_own -l token-file -r -F -d 'The file with an access token of an admin, for what only the API can do'
complete -c chatctl -n __chatctl_own -l embedded -r -f -a '(__fish_complete_directories)' -d 'The folder that \'chatd all --embedded\' runs in, for all at once'
complete -c chatctl -n __chatctl_own -l secrets -r -f -a '(__fish_complete_directories)' -d 'The folder of the keys that sign tokens; made with new ones when it is empty'
complete -c chatctl -n __chatctl_own -l postgres -r -f -d 'PostgreSQL, as libpq has it: postgresql://user@host/db'
complete -c chatctl -n __chatctl_own -l postgres-password-file -r -F -d 'The file with the password'
complete -c chatctl -n __chatctl_own -l redis -r -f -d 'Redis: redis://[user@]host:6379/0, unix:///run/redis.sock, or by TLS rediss://host:6379/0?cacert=FILE'
complete -c chatctl -n __chatctl_own -l redis-password-file -r -F -d 'The file with the password'
complete -c chatctl -n __chatctl_own -l bus -r -f -a "redis kafka" -d 'Redis Streams, or Kafka, which --kafka names'
complete -c chatctl -n __chatctl_own -l bus-topic -r -f -d 'The name of the topic'
complete -c chatctl -n __chatctl_own -l kafka -r -f -d 'Brokers to begin with, HOST:PORT; the others are learned from them'
complete -c chatctl -s h -l help -d 'Show this help'
complete -c chatctl -l version -d 'Show the version'
complete -c chatctl -n '__chatctl_at /migrate' -a 'status' -d 'List the migrations and which are applied'
complete -c chatctl -n '__chatctl_at /migrate' -a 'plan' -d 'Show what \'migrate up\' would run'
complete -c chatctl -n '__chatctl_at /migrate' -a 'up' -d 'Apply what is pending'
complete -c chatctl -n '__chatctl_at /migrate' -a 'down' -d 'Undo the latest migrations'
complete -c chatctl -n '__chatctl_at /migrate' -a 'verify' -d 'Compare what was applied with this version\'s files'
complete -c chatctl -n '__chatctl_at /migrate' -a 'lint' -d 'Look for what a migration should not do to a running service'
complete -c chatctl -n '__chatctl_at /migrate' -a 'doctor' -d 'Say what failed, at which statement, and which repair applies'
complete -c chatctl -n '__chatctl_at /migrate' -a 'repair' -d 'Put right what \'migrate doctor\' has found and a program can'
complete -c chatctl -n '__chatctl_at /migrate' -a 'baseline' -d 'Record migrations as applied without running them'
complete -c chatctl -n '__chatctl_at /migrate' -a 'new' -d 'Begin a migration'
complete -c chatctl -n '__chatctl_within /migrate/status' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/status' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/plan' -l to -r -f -d 'Up to and with this version'
complete -c chatctl -n '__chatctl_within /migrate/plan' -l sql -d 'Print the SQL itself, as it would be run'
complete -c chatctl -n '__chatctl_within /migrate/plan' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/plan' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/up' -l to -r -f -d 'Up to and with this version'
complete -c chatctl -n '__chatctl_within /migrate/up' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/up' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/up' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_within /migrate/down' -l count -r -f -d 'How many, the latest first'
complete -c chatctl -n '__chatctl_within /migrate/down' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/down' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/down' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_within /migrate/down' -s y -l yes -d 'Do not ask'
complete -c chatctl -n '__chatctl_within /migrate/verify' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/verify' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/lint' -l strict -d 'Let warnings be an answer of no too'
complete -c chatctl -n '__chatctl_within /migrate/lint' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/lint' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/lint' -F
complete -c chatctl -n '__chatctl_within /migrate/doctor' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/doctor' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/repair' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/repair' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/repair' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_within /migrate/repair' -s y -l yes -d 'Do not ask'
complete -c chatctl -n '__chatctl_within /migrate/baseline' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/baseline' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/baseline' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_within /migrate/baseline' -s y -l yes -d 'Do not ask'
complete -c chatctl -n '__chatctl_within /migrate/new' -l folder -r -f -a '(__fish_complete_directories)' -d 'Where it is written'
complete -c chatctl -n '__chatctl_within /migrate/new' -l no-transaction -d 'Statement by statement, for what PostgreSQL refuses in a transaction'
complete -c chatctl -n '__chatctl_within /migrate/new' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /migrate/new' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /migrate/new' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_at /user' -a 'list' -d 'List users, the oldest first'
complete -c chatctl -n '__chatctl_at /user' -a 'get' -d 'Show a user'
complete -c chatctl -n '__chatctl_at /user' -a 'create' -d 'Make a user'
complete -c chatctl -n '__chatctl_at /user' -a 'password' -d 'Give a user another password'
complete -c chatctl -n '__chatctl_at /user' -a 'disable' -d 'Let users log in no more'
complete -c chatctl -n '__chatctl_at /user' -a 'enable' -d 'Let users log in again'
complete -c chatctl -n '__chatctl_at /user' -a 'role' -d 'Make users administrators, or users again'
complete -c chatctl -n '__chatctl_at /user' -a 'kick' -d 'Close users\' sockets'
complete -c chatctl -n '__chatctl_at /user' -a 'sessions' -d 'List and end sessions'
complete -c chatctl -n '__chatctl_at /user' -a 'token' -d 'Make access tokens, for tests'
complete -c chatctl -n '__chatctl_within /user' -s w -l workspace -r -f -d 'The workspace that names are of'
complete -c chatctl -n '__chatctl_within /user/list' -s A -l all-workspaces -d 'Those of all workspaces'
complete -c chatctl -n '__chatctl_within /user/list' -l role -r -f -a "user admin" -d 'Of this role'
complete -c chatctl -n '__chatctl_within /user/list' -l state -r -f -a "active disabled" -d 'Active or disabled ones'
complete -c chatctl -n '__chatctl_within /user/list' -l presence -r -f -a "online offline" -d 'Those online, or those offline'
complete -c chatctl -n '__chatctl_within /user/list' -l prefix -r -f -d 'Whose name begins so, in any case'
complete -c chatctl -n '__chatctl_within /user/list' -l created-after -r -f -d 'Made then or later'
complete -c chatctl -n '__chatctl_within /user/list' -l created-before -r -f -d 'Made before then'
complete -c chatctl -n '__chatctl_within /user/list' -l unseen-since -r -f -d 'Not seen since then, or never'
complete -c chatctl -n '__chatctl_within /user/list' -s n -l limit -r -f -d 'At most as many'
complete -c chatctl -n '__chatctl_within /user/list' -l after -r -f -d 'Go on after the one with this identifier'
complete -c chatctl -n '__chatctl_within /user/list' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/list' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /user/get' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/get' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n 'test (__chatctl_state) = "/user/get 0"' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_within /user/create' -l display-name -r -f -d 'What others see'
complete -c chatctl -n '__chatctl_within /user/create' -l role -r -f -a "user admin" -d 'user, or admin'
complete -c chatctl -n '__chatctl_within /user/create' -l password-file -r -F -d 'The file that the password is in; \'-\' is standard input'
complete -c chatctl -n '__chatctl_within /user/create' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/create' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /user/create' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_within /user/password' -l password-file -r -F -d 'The file that the password is in; \'-\' is standard input'
complete -c chatctl -n '__chatctl_within /user/password' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n 'test (__chatctl_state) = "/user/password 0"' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_within /user/disable' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/disable' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /user/disable' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_within /user/disable' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_within /user/enable' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/enable' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /user/enable' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_within /user/enable' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_within /user/role' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/role' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /user/role' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n 'test (__chatctl_state) = "/user/role 0"' -f -a "user admin"
complete -c chatctl -n '__chatctl_within /user/role' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_within /user/kick' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/kick' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /user/kick' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n '__chatctl_within /user/kick' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_at /user/sessions' -a 'list' -d 'List a user\'s open sessions, the newest first'
complete -c chatctl -n '__chatctl_at /user/sessions' -a 'revoke' -d 'End a user\'s sessions'
complete -c chatctl -n '__chatctl_within /user/sessions/list' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/sessions/list' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n 'test (__chatctl_state) = "/user/sessions/list 0"' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_within /user/sessions/revoke' -l session -r -f -d 'Only this one; may be given again'
complete -c chatctl -n '__chatctl_within /user/sessions/revoke' -l dry-run -d 'Say what would be done, and do nothing'
complete -c chatctl -n 'test (__chatctl_state) = "/user/sessions/revoke 0"' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_within /user/token' -l ttl -r -f -d 'How long it is good'
complete -c chatctl -n '__chatctl_within /user/token' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /user/token' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /user/token' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_at /context' -a 'list' -d 'List the contexts'
complete -c chatctl -n '__chatctl_at /context' -a 'use' -d 'Make a context the current one'
complete -c chatctl -n '__chatctl_at /context' -a 'show' -d 'Show the settings in force, and who says so'
complete -c chatctl -n '__chatctl_within /context/list' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /context/list' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n 'test (__chatctl_state) = "/context/use 0"' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n '__chatctl_within /context/show' -s o -l output -r -f -a "table wide json ndjson yaml name" -d 'How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name)'
complete -c chatctl -n '__chatctl_within /context/show' -l fields -r -f -d 'Only these fields, in this order, separated by commas'
complete -c chatctl -n '__chatctl_within /help' -l json -d 'Print all that is declared, in JSON, for programs'
complete -c chatctl -n '__chatctl_within /help' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n 'test (__chatctl_state) = "/completion 0"' -f -a "bash zsh fish"
complete -c chatctl -n '__chatctl_within /man' -l list -d 'Print the names of all pages, each with its command\'s words behind a tab'
complete -c chatctl -n '__chatctl_within /man' -f -a '(__chatctl_dynamic)'
