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
                        case '/migrate --postgres' '/migrate/* --postgres' '/migrate --postgres-password-file' '/migrate/* --postgres-password-file'
                            set open 1
                        case '* --*'
                    end
                    continue
            end
        end
        switch "$count$path/$word"
            case '0/migrate'
                set path '/migrate'
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
            case '0/migrate/up'
                set path '/migrate/up'
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
complete -c chatctl -n '__chatctl_at \'\'' -a 'help' -d 'Show the help of a command'
complete -c chatctl -n '__chatctl_at \'\'' -a 'completion' -d 'Print a completion script for a shell'
complete -c chatctl -n '__chatctl_at \'\'' -a 'man' -d 'Print a manual page (roff)'
complete -c chatctl -n '__chatctl_at \'\'' -a 'version' -d 'Show the version'
complete -c chatctl -s h -l help -d 'Show this help'
complete -c chatctl -l version -d 'Show the version'
complete -c chatctl -n '__chatctl_at /migrate' -a 'status' -d 'List the migrations and which are applied'
complete -c chatctl -n '__chatctl_at /migrate' -a 'up' -d 'Apply what is pending'
complete -c chatctl -n '__chatctl_within /migrate' -l postgres -r -f -d 'PostgreSQL, as libpq has it: postgresql://user@host/database'
complete -c chatctl -n '__chatctl_within /migrate' -l postgres-password-file -r -F -d 'The file with PostgreSQL\'s password'
complete -c chatctl -n '__chatctl_within /help' -l json -d 'Print all that is declared, in JSON, for programs'
complete -c chatctl -n '__chatctl_within /help' -f -a '(__chatctl_dynamic)'
complete -c chatctl -n 'test (__chatctl_state) = "/completion 0"' -f -a "bash zsh fish"
complete -c chatctl -n '__chatctl_within /man' -l list -d 'Print the names of all pages, each with its command\'s words behind a tab'
complete -c chatctl -n '__chatctl_within /man' -f -a '(__chatctl_dynamic)'
