# bash completion of tool, made by: tool completion bash

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
    *' --output' | *' -o') REPLY='table json yaml' ;;
    *' --context') REPLY=@dynamic ;;
    '/topic/create --file' | '/topic/create -f') REPLY=@file ;;
    '/topic/create --folder') REPLY=@directory ;;
    '/paint @'*) REPLY='red green' ;;
    '/help @'*) REPLY=@dynamic ;;
    '/completion @'1) REPLY='bash zsh fish' ;;
    '/man @'*) REPLY=@dynamic ;;
    *) ;;
  esac
}

# The commands and options that may stand at a path.
__tool_words() {
  case "$1" in
    '')
      commands='topic paint add help completion man version'
      options='--output -o --timeout --server -s --context --verbose -v --color --no-color --help -h --version'
      ;;
    '/topic')
      commands='list create'
      options='--output -o --timeout --server -s --context --verbose -v --color --no-color --help -h --version'
      ;;
    '/topic/list')
      commands=''
      options='--all -a --limit -n --output -o --timeout --server -s --context --verbose -v --color --no-color --help -h --version'
      ;;
    '/topic/create')
      commands=''
      options='--partitions -p --label -l --segment --ratio --offset --file -f --folder --stdin --force --yes -y --output -o --timeout --server -s --context --verbose -v --color --no-color --help -h --version'
      ;;
    '/paint')
      commands=''
      options='--output -o --timeout --server -s --context --verbose -v --color --no-color --help -h --version'
      ;;
    '/add')
      commands=''
      options='--output -o --timeout --server -s --context --verbose -v --color --no-color --help -h --version'
      ;;
    '/hidden')
      commands=''
      options='--output -o --timeout --server -s --context --verbose -v --color --no-color --help -h --version'
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
__tool_plain() {
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
__tool_quoted() {
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

_tool() {
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
    __tool_plain "${words[i]}"
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
      if [[ $word != *=* ]] && __tool_takes_value "$path" "$word"; then open=$word; fi
    elif [[ -z $only && $word == -?* ]]; then
      for ((letter = 1; letter < ${#word}; letter++)); do
        if __tool_takes_value "$path" "-${word:letter:1}"; then
          if ((letter == ${#word} - 1)); then open="-${word:letter:1}"; fi
          break
        fi
      done
    elif ((position == 0)) && __tool_command "$path" "$word"; then
      path=$REPLY
    else
      position=$((position + 1))
    fi
  done
  typed=${words[${#words[@]}-1]}
  full=$typed
  REPLY=''
  __tool_words "$path"
  if [[ -n $open ]]; then
    __tool_values "$path" "$open"
  elif [[ -z $only && $typed == --*=* ]]; then
    lead=${typed%%=*}=
    typed=${typed#*=}
    __tool_values "$path" "${lead%=}"
  elif [[ -z $only && $typed == -* ]]; then
    REPLY=$options
  elif [[ -n $commands ]] && ((position == 0)); then
    REPLY=$commands
  else
    __tool_values "$path" "@$((position + 1))"
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
  __tool_plain "$word"
  full=${full%"$REPLY"}
  for word in "${found[@]}"; do
    if [[ $word != "$typed"* ]]; then continue; fi
    word=$lead$word
    REPLY=${word#"$full"}
    if [[ -z $files ]]; then __tool_quoted "$REPLY" "$quote"; fi
    COMPREPLY+=("$REPLY")
  done
  # Readline closes a quote, unless what it has inserted ends with one.
  if [[ -n $quote && ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *"$quote" ]]; then COMPREPLY[0]+=$quote; fi
}

complete -F _tool tool
