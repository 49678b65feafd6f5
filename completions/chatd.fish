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
                        case '* --postgres' '* --redis' '* --secrets' '* --listen' '* --loops' '* --max-connections' '* --log-level' '/all --embedded'
                            set open 1
                        case '* --*'
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
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null \
        | string replace -r -- '^--[^=\t]*=' ''
end

complete -c chatd -f
complete -c chatd -n '__chatd_at \'\'' -a 'all' -d 'Everything in one process'
complete -c chatd -n '__chatd_at \'\'' -a 'api' -d 'The HTTP API'
complete -c chatd -n '__chatd_at \'\'' -a 'gateway' -d 'The Socket.IO gateway'
complete -c chatd -n '__chatd_at \'\'' -a 'help' -d 'Show the help of a command'
complete -c chatd -n '__chatd_at \'\'' -a 'completion' -d 'Print a completion script for a shell'
complete -c chatd -n '__chatd_at \'\'' -a 'man' -d 'Print a manual page (roff)'
complete -c chatd -n '__chatd_at \'\'' -a 'version' -d 'Show the version'
complete -c chatd -n __chatd_own -l postgres -r -f -d 'PostgreSQL, as libpq has it: postgresql://user@host/db'
complete -c chatd -n __chatd_own -l redis -r -f -d 'Redis: redis://host:6379/0 or unix:///run/redis.sock'
complete -c chatd -n __chatd_own -l secrets -r -f -a '(__fish_complete_directories)' -d 'The folder of the secrets; made with new ones when it is empty'
complete -c chatd -n __chatd_own -l listen -r -f -d 'Where to listen'
complete -c chatd -n __chatd_own -l loops -r -f -d 'Event loops, each with a thread of its own'
complete -c chatd -n __chatd_own -l max-connections -r -f -d 'Connections at once'
complete -c chatd -n __chatd_own -l log-level -r -f -a "debug info notice warning error" -d 'What the log leaves out: all below this'
complete -c chatd -s h -l help -d 'Show this help'
complete -c chatd -l version -d 'Show the version'
complete -c chatd -n '__chatd_within /all' -l embedded -r -f -a '(__fish_complete_directories)' -d 'Run a private PostgreSQL and Redis in this folder; no other service is needed then'
complete -c chatd -n '__chatd_within /help' -f -a '(__chatd_dynamic)'
complete -c chatd -n 'test (__chatd_state) = "/completion 0"' -f -a "bash zsh fish"
complete -c chatd -n '__chatd_within /man' -f -a '(__chatd_dynamic)'
