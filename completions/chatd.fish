# fish completion of chatd, made by: chatd completion fish

# The command that the words lead to, and how many arguments it has so far.
function __chatd_state
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
                        case '* --config' '* --embedded' '* --secrets' '* --loops' '* --log-level' '* --log-format' '* --listen' '* --max-connections' '* --http-backlog' '* --http-idle-timeout' '* --http-head-timeout' '* --http-body-timeout' '* --http-send-timeout' '* --http-close-timeout' '* --http-retry-after' '* --http-max-head' '* --http-max-target' '* --http-max-fields' '* --http-max-body' '* --http-max-pipelined' '* --http-cors-origins' '* --http-trusted-proxies' '* --http-forwarded-field' '* --http-compression-threshold' '* --admin-listen' '* --tls-certificate' '* --tls-key' '* --tls-more' '* --tls-minimum-version' '* --tls-admin-authorities' '* --tls-handshake-timeout' '* --tls-max-handshakes' '* --sockets-ping-interval' '* --sockets-ping-timeout' '* --sockets-upgrade-timeout' '* --sockets-connect-timeout' '* --sockets-max-payload' '* --sockets-max-buffered' '* --sockets-max-sessions' '* --sockets-affinity-cookie' '* --sockets-max-rooms' '* --sockets-max-replay' '* --sockets-compression-threshold' '* --sockets-compression-window' '* --sockets-recovery-window' '* --sockets-max-recoverable' '* --sockets-max-recovered' '* --postgres' '* --postgres-password-file' '* --postgres-pool-size' '* --postgres-connect-timeout' '* --postgres-statement-timeout' '* --postgres-acquire-timeout' '* --postgres-queue-limit' '* --postgres-idle-timeout' '* --postgres-max-lifetime' '* --redis' '* --redis-password-file' '* --redis-connect-timeout' '* --redis-command-timeout' '* --redis-queue-limit' '* --redis-max-buffered' '* --bus' '* --bus-topic' '* --bus-partitions' '* --bus-retention' '* --bus-limit' '* --bus-lease' '* --bus-encoding' '* --kafka' '* --kafka-replication' '* --kafka-publish-timeout' '* --kafka-session-timeout' '* --kafka-patience' '* --kafka-security' '* --kafka-ca-file' '* --kafka-certificate-file' '* --kafka-key-file' '* --kafka-key-password-file' '* --kafka-authentication' '* --kafka-username' '* --kafka-password-file' '* --accounts-access-token-lifetime' '* --accounts-refresh-token-lifetime' '* --accounts-refresh-grace' '* --accounts-password-memory' '* --accounts-password-passes' '* --accounts-password-threads' '* --accounts-password-queue' '* --messages-max-body' '* --messages-max-page' '* --messages-batch' '* --messages-queue-limit' '* --messages-patience' '* --messages-idempotency-lifetime' '* --attachments-store' '* --attachments-folder' '* --attachments-endpoint' '* --attachments-bucket' '* --attachments-region' '* --attachments-access-key' '* --attachments-secret-key-file' '* --attachments-url-lifetime' '* --attachments-max-size' '* --attachments-types' '* --attachments-max-pending' '* --attachments-quota' '* --attachments-orphan-age' '* --encryption-mode' '* --encryption-master-key-file' '* --filter-words' '* --filter-action' '* --filter-url' '* --filter-secret-file' '* --filter-timeout' '* --filter-ca-file' '* --outbox-relay-age' '* --outbox-relay-interval' '* --outbox-relay-batch' '* --limits-when-unavailable' '* --limits-patience' '* --limits-exempt' '* --limits-user-logins' '* --limits-address-logins' '* --limits-user-reads' '* --limits-address-reads' '* --limits-user-writes' '* --limits-address-writes' '* --limits-user-sends' '* --limits-address-sends' '* --limits-user-searches' '* --limits-address-searches' '* --limits-user-events' '* --limits-address-events' '* --limits-user-connects' '* --limits-address-connects' '* --inbox-attempts' '* --inbox-memory' '* --inbox-max-members' '* --inbox-update-interval' '* --inbox-comparison-interval' '* --webhooks-ca-file' '* --webhooks-timeout' '* --webhooks-attempts' '* --webhooks-first-pause' '* --webhooks-longest-pause' '* --webhooks-patience' '* --push-url' '* --push-secret-file' '* --push-timeout' '* --push-attempts' '* --presence-ttl' '* --presence-grace' '* --presence-sweep-interval' '* --presence-max-members' '* --presence-max-subscriptions' '* --presence-max-batch' '* --calls-ring-timeout' '* --calls-grace' '* --calls-max-participants' '* --calls-stun-uris' '* --calls-turn-uris' '* --calls-turn-secret-file' '* --calls-turn-lifetime' '/config --output'
                            set open 1
                        case '* --*'
                        case '* -*c' '/config -*o'
                            set open 1
                    end
                    continue
            end
        end
        switch "$count$path/$word"
            case '0/all'
                set path '/all'
            case '0/api'
                set path '/api'
            case '0/gateway'
                set path '/gateway'
            case '0/presence'
                set path '/presence'
            case '0/inbox'
                set path '/inbox'
            case '0/config'
                set path '/config'
            case '0/help'
                set path '/help'
            case '0/completion'
                set path '/completion'
            case '0/man'
                set path '/man'
            case '0/version'
                set path '/version'
            case '*'
                set count (math $count + 1)
        end
    end
    echo "$path $count"
end

# Whether the command is this one, and no argument stands there yet.
function __chatd_at
    test (__chatd_state) = "$argv[1] 0"
end

# Whether the command is this one or belongs to it.
function __chatd_within
    string match -q -- "$argv[1] *" (__chatd_state)
    or string match -q -- "$argv[1]/*" (__chatd_state)
end

# Whether the program's own options mean anything to the command.
function __chatd_own
    not string match -qr -- '^/(help|completion|man|version) ' (__chatd_state)
end

# Values that only the program knows: it is asked with the words so far.
function __chatd_dynamic
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    # Without its backslashes, and without a quote that is still open.
    set -l plain (string unescape -- "$token")
    or set -l plain (string replace -r -- '^["\']' '' "$token")
    $words[1] __complete $words[2..-1] "$plain" 2>/dev/null \
        | string replace -r -- '^--[^=\t]*=' ''
end

complete -c chatd -f
complete -c chatd -n '__chatd_at \'\'' -a 'all' -d 'Everything in one process'
complete -c chatd -n '__chatd_at \'\'' -a 'api' -d 'The HTTP API'
complete -c chatd -n '__chatd_at \'\'' -a 'gateway' -d 'The Socket.IO gateway'
complete -c chatd -n '__chatd_at \'\'' -a 'presence' -d 'Who is online: notices who came and went, and says so'
complete -c chatd -n '__chatd_at \'\'' -a 'inbox' -d 'The worker behind the events: mentions, webhooks, push, counts'
complete -c chatd -n '__chatd_at \'\'' -a 'config' -d 'Show the configuration that is in force, or check it'
complete -c chatd -n '__chatd_at \'\'' -a 'help' -d 'Show the help of a command'
complete -c chatd -n '__chatd_at \'\'' -a 'completion' -d 'Print a completion script for a shell'
complete -c chatd -n '__chatd_at \'\'' -a 'man' -d 'Print a manual page (roff)'
complete -c chatd -n '__chatd_at \'\'' -a 'version' -d 'Show the version'
complete -c chatd -n __chatd_own -s c -l config -r -F -d 'The configuration, a file of kind Server; \'none\' reads none'
complete -c chatd -n __chatd_own -l embedded -r -f -a '(__fish_complete_directories)' -d 'Run a private PostgreSQL and Redis in this folder; no other service is needed then'
complete -c chatd -n __chatd_own -l secrets -r -f -a '(__fish_complete_directories)' -d 'The folder of the keys that sign tokens; made with new ones when it is empty'
complete -c chatd -n __chatd_own -l loops -r -f -d 'Event loops, each with a thread of its own'
complete -c chatd -n __chatd_own -l log-level -r -f -a "debug info notice warning error" -d 'What the log leaves out: all below this'
complete -c chatd -n __chatd_own -l log-format -r -f -a "auto logfmt json" -d 'For eyes on a terminal and logfmt elsewhere, with the journal\'s priorities where it listens (auto), or always one: logfmt, json'
complete -c chatd -n __chatd_own -l log-requests -d 'Whether each HTTP request has a line at level info; else it has one at debug'
complete -c chatd -n __chatd_own -l no-log-requests -d 'Whether each HTTP request has a line at level info; else it has one at debug'
complete -c chatd -n __chatd_own -l listen -r -f -d 'Where to listen'
complete -c chatd -n __chatd_own -l max-connections -r -f -d 'Connections at once, sockets included, of each loop'
complete -c chatd -n __chatd_own -l http-backlog -r -f -d 'Connections that the system may hold before they are accepted; net.core.somaxconn limits it too'
complete -c chatd -n __chatd_own -l http-idle-timeout -r -f -d 'How long a connection may be silent between requests, or before the first'
complete -c chatd -n __chatd_own -l http-head-timeout -r -f -d 'How long a request\'s head may take to arrive'
complete -c chatd -n __chatd_own -l http-body-timeout -r -f -d 'How long a request\'s body may take to arrive'
complete -c chatd -n __chatd_own -l http-send-timeout -r -f -d 'How long a client may take nothing of an answer before it is closed'
complete -c chatd -n __chatd_own -l http-close-timeout -r -f -d 'What a stop grants the answers that are under way'
complete -c chatd -n __chatd_own -l http-retry-after -r -f -d 'How long a client that was refused for want of room is told to wait (Retry-After)'
complete -c chatd -n __chatd_own -l http-max-head -r -f -d 'The longest head of a request'
complete -c chatd -n __chatd_own -l http-max-target -r -f -d 'The longest target of a request, its query included'
complete -c chatd -n __chatd_own -l http-max-fields -r -f -d 'Fields of a head'
complete -c chatd -n __chatd_own -l http-max-body -r -f -d 'The longest body of a request'
complete -c chatd -n __chatd_own -l http-max-pipelined -r -f -d 'Requests of one connection that may wait for their answers; beyond it the connection is not read'
complete -c chatd -n __chatd_own -l http-cors-origins -r -f -d 'Origins whose pages may use the API and the sockets from a browser; \'*\' for any, none when empty'
complete -c chatd -n __chatd_own -l http-trusted-proxies -r -f -d 'Addresses of proxies that are believed about whom a request comes from'
complete -c chatd -n __chatd_own -l http-forwarded-field -r -f -a "x-forwarded-for forwarded" -d 'The field in which these proxies say it'
complete -c chatd -n __chatd_own -l http-compression -d 'Whether answers go out as gzip to clients that take it'
complete -c chatd -n __chatd_own -l no-http-compression -d 'Whether answers go out as gzip to clients that take it'
complete -c chatd -n __chatd_own -l http-compression-threshold -r -f -d 'Answers shorter than this are not compressed'
complete -c chatd -n __chatd_own -l admin-listen -r -f -d 'Where /livez, /readyz and /metrics are served: HOST:PORT, :PORT on the loopback interface, or a socket\'s path'
complete -c chatd -n __chatd_own -l tls-certificate -r -F -d 'The certificate, with those that sign it behind it, in PEM'
complete -c chatd -n __chatd_own -l tls-key -r -F -d 'The private key of tls.certificate, in PEM and without a passphrase'
complete -c chatd -n __chatd_own -l tls-more -r -f -d 'More certificates, each with its key, for clients that ask for a name that they have (SNI)'
complete -c chatd -n __chatd_own -l tls-minimum-version -r -f -a "1.2 1.3" -d 'The oldest version of TLS that is spoken'
complete -c chatd -n __chatd_own -l tls-admin-authorities -r -F -d 'Certificates of those who sign the certificates of clients of the admin listener'
complete -c chatd -n __chatd_own -l tls-handshake-timeout -r -f -d 'How long a handshake may take'
complete -c chatd -n __chatd_own -l tls-max-handshakes -r -f -d 'Handshakes of one loop at once'
complete -c chatd -n __chatd_own -l sockets-ping-interval -r -f -d 'How often a client is pinged; it is told when it connects'
complete -c chatd -n __chatd_own -l sockets-ping-timeout -r -f -d 'How long a client may take to answer a ping before it is closed'
complete -c chatd -n __chatd_own -l sockets-upgrade-timeout -r -f -d 'How long a client may take to move from polling to a WebSocket that is there'
complete -c chatd -n __chatd_own -l sockets-connect-timeout -r -f -d 'How long a client may take to join a namespace after it has connected'
complete -c chatd -n __chatd_own -l sockets-max-payload -r -f -d 'The longest packet or polling body of a client; it is told when it connects'
complete -c chatd -n __chatd_own -l sockets-max-buffered -r -f -d 'What may wait for a client that does not keep up before it is closed'
complete -c chatd -n __chatd_own -l sockets-max-sessions -r -f -d 'Sessions of one loop; more are refused with 503'
complete -c chatd -n __chatd_own -l sockets-polling -d 'Whether clients may use HTTP long-polling, or WebSocket only'
complete -c chatd -n __chatd_own -l no-sockets-polling -d 'Whether clients may use HTTP long-polling, or WebSocket only'
complete -c chatd -n __chatd_own -l sockets-affinity-cookie -r -f -d 'The name of the cookie by which a proxy finds this process again when a client polls'
complete -c chatd -n __chatd_own -l sockets-max-rooms -r -f -d 'Conversations that one socket may have joined'
complete -c chatd -n __chatd_own -l sockets-max-replay -r -f -d 'Messages that a join with afterSeq resends; where there are more, the client is told to read the history'
complete -c chatd -n __chatd_own -l sockets-compression -d 'Whether WebSocket messages are compressed (permessage-deflate) for clients that offer it'
complete -c chatd -n __chatd_own -l no-sockets-compression -d 'Whether WebSocket messages are compressed (permessage-deflate) for clients that offer it'
complete -c chatd -n __chatd_own -l sockets-compression-threshold -r -f -d 'Messages shorter than this are not compressed'
complete -c chatd -n __chatd_own -l sockets-compression-context -d 'Whether messages are compressed with regard to earlier ones: smaller, for about 200 KiB a socket'
complete -c chatd -n __chatd_own -l no-sockets-compression-context -d 'Whether messages are compressed with regard to earlier ones: smaller, for about 200 KiB a socket'
complete -c chatd -n __chatd_own -l sockets-compression-window -r -f -d 'How far back compression looks, as a power of two of bytes'
complete -c chatd -n __chatd_own -l sockets-recovery-window -r -f -d 'How long a client may be away and be continued as the socket that it was; 0s offers no recovery'
complete -c chatd -n __chatd_own -l sockets-max-recoverable -r -f -d 'Clients that are away and may be continued, of each loop; beyond it those that left first are forgotten'
complete -c chatd -n __chatd_own -l sockets-max-recovered -r -f -d 'Messages that a recovery sends; a client that has missed more is told that it is a new one'
complete -c chatd -n __chatd_own -l postgres -r -f -d 'PostgreSQL, as libpq has it: postgresql://user@host/db'
complete -c chatd -n __chatd_own -l postgres-password-file -r -F -d 'The file with the password'
complete -c chatd -n __chatd_own -l postgres-pool-size -r -f -d 'Connections of one loop at most, one more for writing messages not counted'
complete -c chatd -n __chatd_own -l postgres-connect-timeout -r -f -d 'How long connecting and authenticating may take'
complete -c chatd -n __chatd_own -l postgres-statement-timeout -r -f -d 'How long a statement may run'
complete -c chatd -n __chatd_own -l postgres-acquire-timeout -r -f -d 'How long a request may wait for a connection'
complete -c chatd -n __chatd_own -l postgres-queue-limit -r -f -d 'Requests of one loop that may wait for a connection; more are answered 503'
complete -c chatd -n __chatd_own -l postgres-idle-timeout -r -f -d 'When a connection that nobody uses is closed'
complete -c chatd -n __chatd_own -l postgres-max-lifetime -r -f -d 'The age at which a connection is replaced, give or take a tenth'
complete -c chatd -n __chatd_own -l redis -r -f -d 'Redis: redis://[user@]host:6379/0, unix:///run/redis.sock, or by TLS rediss://host:6379/0?cacert=FILE'
complete -c chatd -n __chatd_own -l redis-password-file -r -F -d 'The file with the password'
complete -c chatd -n __chatd_own -l redis-connect-timeout -r -f -d 'How long connecting and authenticating may take'
complete -c chatd -n __chatd_own -l redis-command-timeout -r -f -d 'How long a command may take, the wait for a connection included'
complete -c chatd -n __chatd_own -l redis-queue-limit -r -f -d 'Commands of one loop that may be on their way or waiting; more fail at once'
complete -c chatd -n __chatd_own -l redis-max-buffered -r -f -d 'What may wait for the connection to take it'
complete -c chatd -n __chatd_own -l bus -r -f -a "redis kafka" -d 'Redis Streams, or Kafka, which --kafka names'
complete -c chatd -n __chatd_own -l bus-topic -r -f -d 'The name of the topic'
complete -c chatd -n __chatd_own -l bus-partitions -r -f -d 'Partitions of the topic; of one that is in Kafka already, its own count'
complete -c chatd -n __chatd_own -l bus-retention -r -f -d 'About how many events a partition in Redis Streams keeps that every group has read'
complete -c chatd -n __chatd_own -l bus-limit -r -f -d 'About how many it keeps for a group that is behind; what is beyond is lost to that group'
complete -c chatd -n __chatd_own -l bus-lease -r -f -d 'How long a partition in Redis Streams stays with a gateway that says nothing'
complete -c chatd -n __chatd_own -l bus-encoding -r -f -a "json messagepack" -d 'How events are written: json, for eyes, or messagepack, which is shorter'
complete -c chatd -n __chatd_own -l kafka -r -f -d 'Brokers to begin with, HOST:PORT; the others are learned from them'
complete -c chatd -n __chatd_own -l kafka-replication -r -f -d 'Copies of each partition, when the topic is made'
complete -c chatd -n __chatd_own -l kafka-publish-timeout -r -f -d 'How long an event may take before it is left to the outbox'
complete -c chatd -n __chatd_own -l kafka-session-timeout -r -f -d 'How long a partition stays with a gateway that says nothing'
complete -c chatd -n __chatd_own -l kafka-patience -r -f -d 'How long a gateway may take for a batch of events before another gets them'
complete -c chatd -n __chatd_own -l kafka-security -r -f -a "plaintext tls" -d 'Whether connections are protected by TLS'
complete -c chatd -n __chatd_own -l kafka-ca-file -r -F -d 'Certificates of the authorities, PEM, that brokers are known by'
complete -c chatd -n __chatd_own -l kafka-certificate-file -r -F -d 'Our certificate, PEM, for brokers that ask for one'
complete -c chatd -n __chatd_own -l kafka-key-file -r -F -d 'The private key of our certificate, PEM'
complete -c chatd -n __chatd_own -l kafka-key-password-file -r -F -d 'The file with the password of the private key'
complete -c chatd -n __chatd_own -l kafka-verify-host -d 'Whether a broker\'s certificate must be for its name'
complete -c chatd -n __chatd_own -l no-kafka-verify-host -d 'Whether a broker\'s certificate must be for its name'
complete -c chatd -n __chatd_own -l kafka-authentication -r -f -a "none plain scram-sha-256 scram-sha-512" -d 'How we say who we are (SASL)'
complete -c chatd -n __chatd_own -l kafka-username -r -f -d 'Who we are'
complete -c chatd -n __chatd_own -l kafka-password-file -r -F -d 'The file with the password'
complete -c chatd -n __chatd_own -l accounts-access-token-lifetime -r -f -d 'How long an access token is valid'
complete -c chatd -n __chatd_own -l accounts-refresh-token-lifetime -r -f -d 'How long a session lives that nobody refreshes'
complete -c chatd -n __chatd_own -l accounts-refresh-grace -r -f -d 'How long a refresh token that was used gives the same successor again, for an answer that got lost'
complete -c chatd -n __chatd_own -l accounts-password-memory -r -f -d 'Memory of one hash of a password (Argon2id)'
complete -c chatd -n __chatd_own -l accounts-password-passes -r -f -d 'Passes over that memory'
complete -c chatd -n __chatd_own -l accounts-password-threads -r -f -d 'Passwords that are hashed at the same time'
complete -c chatd -n __chatd_own -l accounts-password-queue -r -f -d 'Passwords that may wait to be hashed; more are answered 503'
complete -c chatd -n __chatd_own -l messages-max-body -r -f -d 'The longest body of a message'
complete -c chatd -n __chatd_own -l messages-max-page -r -f -d 'Messages on a page of history at most'
complete -c chatd -n __chatd_own -l messages-batch -r -f -d 'Messages that one commit stores at most'
complete -c chatd -n __chatd_own -l messages-queue-limit -r -f -d 'Messages of one loop that may wait to be stored; more are answered 503'
complete -c chatd -n __chatd_own -l messages-patience -r -f -d 'How long a message may wait for a store that is away before its sender is told'
complete -c chatd -n __chatd_own -l messages-idempotency-lifetime -r -f -d 'How long the same Idempotency-Key gets the same answer'
complete -c chatd -n __chatd_own -l attachments-store -r -f -a "local s3" -d 'Where files lie: in a folder that all processes share, or in a bucket of a store that speaks S3'
complete -c chatd -n __chatd_own -l attachments-folder -r -f -a '(__fish_complete_directories)' -d 'The folder of the files, where they lie in one'
complete -c chatd -n __chatd_own -l attachments-endpoint -r -f -d 'The address of the store that speaks S3, as clients reach it too; buckets are named in the path'
complete -c chatd -n __chatd_own -l attachments-bucket -r -f -d 'The bucket of the files'
complete -c chatd -n __chatd_own -l attachments-region -r -f -d 'The region that requests are signed for'
complete -c chatd -n __chatd_own -l attachments-access-key -r -f -d 'The name of the key to the store'
complete -c chatd -n __chatd_own -l attachments-secret-key-file -r -F -d 'The file with the secret key to the store'
complete -c chatd -n __chatd_own -l attachments-url-lifetime -r -f -d 'How long a URL is good that is handed out, for an upload or a download'
complete -c chatd -n __chatd_own -l attachments-max-size -r -f -d 'The longest file'
complete -c chatd -n __chatd_own -l attachments-types -r -f -d 'Types of files that are taken: media types, or beginnings of them with an asterisk'
complete -c chatd -n __chatd_own -l attachments-max-pending -r -f -d 'Uploads that one user may have under way'
complete -c chatd -n __chatd_own -l attachments-quota -r -f -d 'What all files of one user may come to'
complete -c chatd -n __chatd_own -l attachments-orphan-age -r -f -d 'How long a file may go without being completed, or without a message that names it'
complete -c chatd -n __chatd_own -l encryption-mode -r -f -a "off conversation all" -d 'Which conversations that begin from now on are encrypted: off, conversation for those that ask for it, or all'
complete -c chatd -n __chatd_own -l encryption-master-key-file -r -F -d 'The file with the master key, which wraps the keys of messages: 32 bytes, as they are, in hexadecimal or in base 64'
complete -c chatd -n __chatd_own -l filter-words -r -F -d 'A file of words and phrases, one a line, \'= mask\' or \'= refuse\' behind it'
complete -c chatd -n __chatd_own -l filter-action -r -f -a "refuse mask" -d 'What becomes of a message with one of these words, where its line does not say: refuse or mask'
complete -c chatd -n __chatd_own -l filter-url -r -f -d 'A server that is asked about each message'
complete -c chatd -n __chatd_own -l filter-secret-file -r -F -d 'The file with the secret that these questions are signed with'
complete -c chatd -n __chatd_own -l filter-timeout -r -f -d 'How long that server may take; senders wait for it'
complete -c chatd -n __chatd_own -l filter-allow-private -d 'Whether that server may be on this machine or in a private network'
complete -c chatd -n __chatd_own -l no-filter-allow-private -d 'Whether that server may be on this machine or in a private network'
complete -c chatd -n __chatd_own -l filter-ca-file -r -F -d 'Certificates of the authorities, PEM, that this server is known by'
complete -c chatd -n __chatd_own -l outbox-relay-age -r -f -d 'Younger events are still their writer\'s to publish'
complete -c chatd -n __chatd_own -l outbox-relay-interval -r -f -d 'The pause after a look that found nothing'
complete -c chatd -n __chatd_own -l outbox-relay-batch -r -f -d 'Events that are published at once'
complete -c chatd -n __chatd_own -l limits-enabled -d 'Whether there are limits at all'
complete -c chatd -n __chatd_own -l no-limits-enabled -d 'Whether there are limits at all'
complete -c chatd -n __chatd_own -l limits-when-unavailable -r -f -a "allow deny local" -d 'What goes while Redis is away: \'allow\' everything, \'deny\' with 503, or what the \'local\' count of each loop allows'
complete -c chatd -n __chatd_own -l limits-patience -r -f -d 'How long Redis may take to answer before it counts as away'
complete -c chatd -n __chatd_own -l limits-exempt -r -f -d 'Addresses without limits of their own, such as those of proxies; the limits of users hold for them too'
complete -c chatd -n __chatd_own -l limits-user-logins -r -f -d 'Registering, logging in, refreshing and changing a password, of one user'
complete -c chatd -n __chatd_own -l limits-address-logins -r -f -d 'Registering, logging in, refreshing and changing a password, of one address'
complete -c chatd -n __chatd_own -l limits-user-reads -r -f -d 'Reading, of one user'
complete -c chatd -n __chatd_own -l limits-address-reads -r -f -d 'Reading, of one address'
complete -c chatd -n __chatd_own -l limits-user-writes -r -f -d 'Changing something, but for messages, of one user'
complete -c chatd -n __chatd_own -l limits-address-writes -r -f -d 'Changing something, but for messages, of one address'
complete -c chatd -n __chatd_own -l limits-user-sends -r -f -d 'Sending messages, over HTTP and sockets together, of one user'
complete -c chatd -n __chatd_own -l limits-address-sends -r -f -d 'Sending messages, over HTTP and sockets together, of one address'
complete -c chatd -n __chatd_own -l limits-user-searches -r -f -d 'Searching, of one user'
complete -c chatd -n __chatd_own -l limits-address-searches -r -f -d 'Searching, of one address'
complete -c chatd -n __chatd_own -l limits-user-events -r -f -d 'What a socket says, but for messages, of one user'
complete -c chatd -n __chatd_own -l limits-address-events -r -f -d 'What a socket says, but for messages, of one address'
complete -c chatd -n __chatd_own -l limits-user-connects -r -f -d 'Connecting sockets, of one user'
complete -c chatd -n __chatd_own -l limits-address-connects -r -f -d 'Connecting sockets, of one address'
complete -c chatd -n __chatd_own -l inbox-attempts -r -f -d 'How often an event that fails is tried before it is put among the dead letters'
complete -c chatd -n __chatd_own -l inbox-memory -r -f -d 'How long the ids of events that were done are kept'
complete -c chatd -n __chatd_own -l inbox-max-members -r -f -d 'In larger conversations only who was mentioned gets inbox:update and push notifications'
complete -c chatd -n __chatd_own -l inbox-update-interval -r -f -d 'The least time between two inbox:update of a conversation'
complete -c chatd -n __chatd_own -l inbox-comparison-interval -r -f -d 'How often all conversations are compared with what was done, for what the bus has lost'
complete -c chatd -n __chatd_own -l webhooks-allow-private -d 'Whether webhooks may be on this machine or in private networks'
complete -c chatd -n __chatd_own -l no-webhooks-allow-private -d 'Whether webhooks may be on this machine or in private networks'
complete -c chatd -n __chatd_own -l webhooks-ca-file -r -F -d 'Certificates of the authorities, PEM, that servers of webhooks are known by'
complete -c chatd -n __chatd_own -l webhooks-timeout -r -f -d 'How long a server may take for a delivery'
complete -c chatd -n __chatd_own -l webhooks-attempts -r -f -d 'How often a delivery is tried before it is parked'
complete -c chatd -n __chatd_own -l webhooks-first-pause -r -f -d 'The pause after the first failure; each further one is twice as long'
complete -c chatd -n __chatd_own -l webhooks-longest-pause -r -f -d 'The longest pause between two attempts'
complete -c chatd -n __chatd_own -l webhooks-patience -r -f -d 'How long a webhook may fail before it is disabled'
complete -c chatd -n __chatd_own -l push-url -r -f -d 'The server that brings notifications to devices; each is posted to it'
complete -c chatd -n __chatd_own -l push-secret-file -r -F -d 'The file with the secret that notifications are signed with'
complete -c chatd -n __chatd_own -l push-timeout -r -f -d 'How long that server may take for a notification'
complete -c chatd -n __chatd_own -l push-attempts -r -f -d 'How often a notification is tried'
complete -c chatd -n __chatd_own -l presence-ttl -r -f -d 'How long a device is there after it has last given a sign; sockets give it by themselves, three times as often'
complete -c chatd -n __chatd_own -l presence-grace -r -f -d 'How long a user whose last device has gone is still online'
complete -c chatd -n __chatd_own -l presence-sweep-interval -r -f -d 'How often the role presence looks for those who have gone without a word'
complete -c chatd -n __chatd_own -l presence-max-members -r -f -d 'Conversations with more members tell only how many of them are online'
complete -c chatd -n __chatd_own -l presence-max-subscriptions -r -f -d 'Users whose presence one socket may have subscribed to, besides the members of its conversations'
complete -c chatd -n __chatd_own -l presence-max-batch -r -f -d 'Users whose presence may be asked for, or subscribed to, at once'
complete -c chatd -n __chatd_own -l calls-ring-timeout -r -f -d 'How long somebody is rung before the call counts as missed'
complete -c chatd -n __chatd_own -l calls-grace -r -f -d 'How long a participant may be without any connection before they leave the call'
complete -c chatd -n __chatd_own -l calls-max-participants -r -f -d 'Who may be in a call, or rung by it, at once'
complete -c chatd -n __chatd_own -l calls-stun-uris -r -f -d 'STUN servers, as clients get them'
complete -c chatd -n __chatd_own -l calls-turn-uris -r -f -d 'TURN servers, as clients get them, with credentials that expire'
complete -c chatd -n __chatd_own -l calls-turn-secret-file -r -F -d 'The file with the secret that is shared with the TURN servers (their static-auth-secret)'
complete -c chatd -n __chatd_own -l calls-turn-lifetime -r -f -d 'How long the credentials are good for'
complete -c chatd -s h -l help -d 'Show this help'
complete -c chatd -l version -d 'Show the version'
complete -c chatd -n '__chatd_within /config' -s o -l output -r -f -a "table yaml json markdown" -d 'How to print it; markdown is the reference page of all settings'
complete -c chatd -n '__chatd_within /config' -l check -d 'Print nothing but what is wrong; 65 when something is'
complete -c chatd -n '__chatd_within /config' -l explain -d 'Print what the settings mean, and what values they can have'
complete -c chatd -n '__chatd_within /config' -l changed -d 'Only what somebody has set'
complete -c chatd -n '__chatd_within /config' -f -a '(__chatd_dynamic)'
complete -c chatd -n '__chatd_within /help' -l json -d 'Print all that is declared, in JSON, for programs'
complete -c chatd -n '__chatd_within /help' -f -a '(__chatd_dynamic)'
complete -c chatd -n 'test (__chatd_state) = "/completion 0"' -f -a "bash zsh fish"
complete -c chatd -n '__chatd_within /man' -l list -d 'Print the names of all pages, each with its command\'s words behind a tab'
complete -c chatd -n '__chatd_within /man' -f -a '(__chatd_dynamic)'
