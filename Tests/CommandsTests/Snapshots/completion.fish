# fish completion of tool, made by: tool completion fish

# The command that the words lead to, and how many arguments it has so far.
function __tool_state
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
                        case '* --output' '* --timeout' '* --wait' '* --server' '* --context' '/topic/list --limit' '/topic/create --partitions' '/topic/create --label' '/topic/create --segment' '/topic/create --ratio' '/topic/create --offset' '/topic/create --file' '/topic/create --folder'
                            set open 1
                        case '* --*'
                        case '* -*o' '* -*s' '/topic/list -*n' '/topic/create -*p' '/topic/create -*l' '/topic/create -*f'
                            set open 1
                    end
                    continue
            end
        end
        switch "$count$path/$word"
            case '0/topic'
                set path '/topic'
            case '0/paint'
                set path '/paint'
            case '0/add'
                set path '/add'
            case '0/hidden'
                set path '/hidden'
            case '0/help'
                set path '/help'
            case '0/completion'
                set path '/completion'
            case '0/man'
                set path '/man'
            case '0/version'
                set path '/version'
            case '0/topic/list' '0/topic/ls'
                set path '/topic/list'
            case '0/topic/create'
                set path '/topic/create'
            case '*'
                set count (math $count + 1)
        end
    end
    echo "$path $count"
end

# Whether the command is this one, and no argument stands there yet.
function __tool_at
    test (__tool_state) = "$argv[1] 0"
end

# Whether the command is this one or belongs to it.
function __tool_within
    string match -q -- "$argv[1] *" (__tool_state)
    or string match -q -- "$argv[1]/*" (__tool_state)
end

# Whether the program's own options mean anything to the command.
function __tool_own
    not string match -qr -- '^/(help|completion|man|version) ' (__tool_state)
end

# Values that only the program knows: it is asked with the words so far.
function __tool_dynamic
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    # Without its backslashes, and without a quote that is still open.
    set -l plain (string unescape -- "$token")
    or set -l plain (string replace -r -- '^["\']' '' "$token")
    $words[1] __complete $words[2..-1] "$plain" 2>/dev/null \
        | string replace -r -- '^--[^=\t]*=' ''
end

complete -c tool -f
complete -c tool -n '__tool_at \'\'' -a 'topic' -d 'Topics'
complete -c tool -n '__tool_at \'\'' -a 'paint' -d 'Paint it'
complete -c tool -n '__tool_at \'\'' -a 'add' -d 'Add numbers'
complete -c tool -n '__tool_at \'\'' -a 'help' -d 'Show the help of a command'
complete -c tool -n '__tool_at \'\'' -a 'completion' -d 'Print a completion script for a shell'
complete -c tool -n '__tool_at \'\'' -a 'man' -d 'Print a manual page (roff)'
complete -c tool -n '__tool_at \'\'' -a 'version' -d 'Show the version'
complete -c tool -n __tool_own -s o -l output -r -f -a "table\\t'For people' json\\t'For programs; it\\'s one line' yaml" -d 'How to print what is found'
complete -c tool -n __tool_own -l timeout -r -f -d 'How long to wait for an answer'
complete -c tool -n __tool_own -s s -l server -r -f -d 'Where the server listens'
complete -c tool -n __tool_own -l context -r -f -a '(__tool_dynamic)' -d 'Which context to use'
complete -c tool -n __tool_own -s v -l verbose -d 'Say more, and more'
complete -c tool -n __tool_own -l color -d 'Whether to use colours'
complete -c tool -n __tool_own -l no-color -d 'Whether to use colours'
complete -c tool -s h -l help -d 'Show this help'
complete -c tool -l version -d 'Show the version'
complete -c tool -n '__tool_at /topic' -a 'list' -d 'List topics'
complete -c tool -n '__tool_at /topic' -a 'create' -d 'Create a topic'
complete -c tool -n '__tool_within /topic/list' -s a -l all -d 'Internal topics too'
complete -c tool -n '__tool_within /topic/list' -s n -l limit -r -f -d 'How many to print at most'
complete -c tool -n '__tool_within /topic/create' -s p -l partitions -r -f -d 'How many partitions'
complete -c tool -n '__tool_within /topic/create' -s l -l label -r -f -d 'A label'
complete -c tool -n '__tool_within /topic/create' -l segment -r -f -d 'The size of a segment'
complete -c tool -n '__tool_within /topic/create' -l ratio -r -f -d 'A share'
complete -c tool -n '__tool_within /topic/create' -l offset -r -f -d 'Where to begin; from the end if negative'
complete -c tool -n '__tool_within /topic/create' -s f -l file -r -F -d 'A file to read'
complete -c tool -n '__tool_within /topic/create' -l folder -r -f -a '(__fish_complete_directories)' -d 'A folder to read'
complete -c tool -n '__tool_within /topic/create' -l stdin -d 'Read standard input'
complete -c tool -n '__tool_within /topic/create' -l force -d 'Do it in any case'
complete -c tool -n '__tool_within /topic/create' -s y -l yes -d 'Do not ask'
complete -c tool -n '__tool_within /paint' -f -a "red green\\t'Like grass'"
complete -c tool -n '__tool_within /help' -l json -d 'Print all that is declared, in JSON, for programs'
complete -c tool -n '__tool_within /help' -f -a '(__tool_dynamic)'
complete -c tool -n 'test (__tool_state) = "/completion 0"' -f -a "bash zsh fish"
complete -c tool -n '__tool_within /man' -l list -d 'Print the names of all pages, each with its command\'s words behind a tab'
complete -c tool -n '__tool_within /man' -f -a '(__tool_dynamic)'
