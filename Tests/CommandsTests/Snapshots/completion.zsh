#compdef tool
# zsh completion of tool, made by: tool completion zsh

# The path of the command that a word leads to.
__tool_command() {
  case "$1/$2" in
    '/topic') REPLY='/topic' ;;
    '/paint') REPLY='/paint' ;;
    '/add') REPLY='/add' ;;
    '/hidden') REPLY='/hidden' ;;
    '/help') REPLY='/help' ;;
    '/completion') REPLY='/completion' ;;
    '/man') REPLY='/man' ;;
    '/version') REPLY='/version' ;;
    '/topic/list' | '/topic/ls') REPLY='/topic/list' ;;
    '/topic/create') REPLY='/topic/create' ;;
    *) return 1 ;;
  esac
}

# Whether an option takes the next word.
__tool_takes_value() {
  case "$1 $2" in
    *' --output' | *' -o' | *' --timeout' | *' --wait' | *' --server' | *' -s' | *' --context' | \
    '/topic/list --limit' | '/topic/list -n' | '/topic/create --partitions' | '/topic/create -p' | \
    '/topic/create --label' | '/topic/create -l' | '/topic/create --segment' | '/topic/create --ratio' | \
    '/topic/create --offset' | '/topic/create --file' | '/topic/create -f' | '/topic/create --folder') ;;
    *) return 1 ;;
  esac
}

# The values of an option or, @1, of an argument.
__tool_values() {
  case "$1 $2" in
    *' --output' | *' -o') items=('table:For people' 'json:For programs; it'\''s one line' 'yaml'); _describe -t values value items ;;
    *' --timeout' | *' --wait') _message 'a duration from 1ms to 1h, for example 30s' ;;
    *' --server' | *' -s') _message 'HOST:PORT, for example 127.0.0.1:8080' ;;
    *' --context') __tool_dynamic ;;
    '/topic/list --limit' | '/topic/list -n') _message 'a number of topics from 1 to 500' ;;
    '/topic/list @'1) _message 'a text' ;;
    '/topic/create --partitions' | '/topic/create -p') _message 'a number, 1 or more' ;;
    '/topic/create --label' | '/topic/create -l') _message 'a text' ;;
    '/topic/create --segment') _message 'a size from 1KiB to 1GiB, for example 16KiB' ;;
    '/topic/create --ratio') _message 'a number from 0.0 to 1.0' ;;
    '/topic/create --offset') _message 'a number' ;;
    '/topic/create --file' | '/topic/create -f') _files ;;
    '/topic/create --folder') _files -/ ;;
    '/topic/create @'1) _message 'a text' ;;
    '/paint @'*) items=('red' 'green:Like grass'); _describe -t values value items ;;
    '/add @'*) _message 'a number' ;;
    '/help @'*) __tool_dynamic ;;
    '/completion @'1) items=('bash' 'zsh' 'fish'); _describe -t values value items ;;
    '/man @'*) __tool_dynamic ;;
    *) ;;
  esac
}

# The commands and options that may stand at a path.
__tool_words() {
  case "$1" in
    '')
      commands=(
        'topic:Topics'
        'paint:Paint it'
        'add:Add numbers'
        'help:Show the help of a command'
        'completion:Print a completion script for a shell'
        'man:Print a manual page (roff)'
        'version:Show the version'
      )
      options=(
        '--output:How to print what is found'
        '-o:How to print what is found'
        '--timeout:How long to wait for an answer'
        '--server:Where the server listens'
        '-s:Where the server listens'
        '--context:Which context to use'
        '--verbose:Say more, and more'
        '-v:Say more, and more'
        '--color:Whether to use colours'
        '--no-color:Whether to use colours'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/topic')
      commands=(
        'list:List topics'
        'create:Create a topic'
      )
      options=(
        '--output:How to print what is found'
        '-o:How to print what is found'
        '--timeout:How long to wait for an answer'
        '--server:Where the server listens'
        '-s:Where the server listens'
        '--context:Which context to use'
        '--verbose:Say more, and more'
        '-v:Say more, and more'
        '--color:Whether to use colours'
        '--no-color:Whether to use colours'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/topic/list')
      commands=(
      )
      options=(
        '--all:Internal topics too'
        '-a:Internal topics too'
        '--limit:How many to print at most'
        '-n:How many to print at most'
        '--output:How to print what is found'
        '-o:How to print what is found'
        '--timeout:How long to wait for an answer'
        '--server:Where the server listens'
        '-s:Where the server listens'
        '--context:Which context to use'
        '--verbose:Say more, and more'
        '-v:Say more, and more'
        '--color:Whether to use colours'
        '--no-color:Whether to use colours'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/topic/create')
      commands=(
      )
      options=(
        '--partitions:How many partitions'
        '-p:How many partitions'
        '--label:A label'
        '-l:A label'
        '--segment:The size of a segment'
        '--ratio:A share'
        '--offset:Where to begin; from the end if negative'
        '--file:A file to read'
        '-f:A file to read'
        '--folder:A folder to read'
        '--stdin:Read standard input'
        '--force:Do it in any case'
        '--yes:Do not ask'
        '-y:Do not ask'
        '--output:How to print what is found'
        '-o:How to print what is found'
        '--timeout:How long to wait for an answer'
        '--server:Where the server listens'
        '-s:Where the server listens'
        '--context:Which context to use'
        '--verbose:Say more, and more'
        '-v:Say more, and more'
        '--color:Whether to use colours'
        '--no-color:Whether to use colours'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/paint')
      commands=(
      )
      options=(
        '--output:How to print what is found'
        '-o:How to print what is found'
        '--timeout:How long to wait for an answer'
        '--server:Where the server listens'
        '-s:Where the server listens'
        '--context:Which context to use'
        '--verbose:Say more, and more'
        '-v:Say more, and more'
        '--color:Whether to use colours'
        '--no-color:Whether to use colours'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/add')
      commands=(
      )
      options=(
        '--output:How to print what is found'
        '-o:How to print what is found'
        '--timeout:How long to wait for an answer'
        '--server:Where the server listens'
        '-s:Where the server listens'
        '--context:Which context to use'
        '--verbose:Say more, and more'
        '-v:Say more, and more'
        '--color:Whether to use colours'
        '--no-color:Whether to use colours'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/hidden')
      commands=(
      )
      options=(
        '--output:How to print what is found'
        '-o:How to print what is found'
        '--timeout:How long to wait for an answer'
        '--server:Where the server listens'
        '-s:Where the server listens'
        '--context:Which context to use'
        '--verbose:Say more, and more'
        '-v:Say more, and more'
        '--color:Whether to use colours'
        '--no-color:Whether to use colours'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/help')
      commands=(
      )
      options=(
        '--json:Print all that is declared, in JSON, for programs'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/completion')
      commands=(
      )
      options=(
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/man')
      commands=(
      )
      options=(
        '--list:Print the names of all pages, each with its command'\''s words behind a tab'
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
    '/version')
      commands=(
      )
      options=(
        '--help:Show this help'
        '-h:Show this help'
        '--version:Show the version'
      )
      ;;
  esac
}

# Values that only the program knows: it is asked with the words so far.
__tool_dynamic() {
  local entry typed=$PREFIX
  local -a items
  # Within a quote the part that is typed has none any more.
  if [[ -z $compstate[quote] ]]; then typed=${(Q)PREFIX}; fi
  for entry in "${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "$lead$typed" 2>/dev/null)}"; do
    entry=${entry#"$lead"}
    if [[ -z $entry ]]; then continue; fi
    entry=${${entry//\\/\\\\}//:/\\:}
    items+=("${entry/$'\t'/:}")
  done
  if (( $#items )); then _describe -t values value items; fi
}

_tool() {
  local REPLY commandpath='' open='' only='' lead='' word letter
  local -i i position=0
  local -a commands options items
  # Which command this is, and what is still open.
  for ((i = 2; i < CURRENT; i++)); do
    word=${(Q)words[i]}
    if [[ -n $open ]]; then
      open=''
    elif [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == --* ]]; then
      if [[ $word != *=* ]] && __tool_takes_value "$commandpath" "$word"; then open=$word; fi
    elif [[ -z $only && $word == -?* ]]; then
      for letter in ${(s::)word[2,-1]}; do
        if __tool_takes_value "$commandpath" "-$letter"; then
          if [[ $word == *$letter ]]; then open="-$letter"; fi
          break
        fi
      done
    elif (( position == 0 )) && __tool_command "$commandpath" "$word"; then
      commandpath=$REPLY
    else
      position+=1
    fi
  done
  word=${(Q)words[CURRENT]}
  __tool_words "$commandpath"
  if [[ -n $open ]]; then
    __tool_values "$commandpath" "$open"
  elif [[ -z $only && $word == --*=* ]]; then
    lead=${word%%=*}=
    compset -P '*='
    __tool_values "$commandpath" "${lead%=}"
  elif [[ -z $only && $word == -* ]]; then
    _describe -o -t options option options
  elif (( position == 0 && $#commands )); then
    _describe -t commands command commands
  else
    __tool_values "$commandpath" "@$((position + 1))"
  fi
}

if [[ $funcstack[1] == _tool ]]; then
  _tool "$@"
else
  compdef _tool tool
fi
