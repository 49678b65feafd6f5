# bash completion of chatctl, made by: chatctl completion bash

# The path of the command that a word leads to.
__chatctl_command() {
  case "$1/$2" in
    '/migrate') REPLY='/migrate' ;;
    '/help') REPLY='/help' ;;
    '/completion') REPLY='/completion' ;;
    '/man') REPLY='/man' ;;
    '/version') REPLY='/version' ;;
    '/migrate/status') REPLY='/migrate/status' ;;
    '/migrate/up') REPLY='/migrate/up' ;;
    *) return 1 ;;
  esac
}

# Whether an option takes the next word.
__chatctl_takes_value() {
  case "$1 $2" in
    '/migrate --postgres' | '/migrate/'*' --postgres' | '/migrate --postgres-password-file' | \
    '/migrate/'*' --postgres-password-file') ;;
    *) return 1 ;;
  esac
}

# The values of an option or, @1, of an argument.
__chatctl_values() {
  case "$1 $2" in
    '/migrate --postgres-password-file' | '/migrate/'*' --postgres-password-file') REPLY=@file ;;
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
      commands='migrate help completion man version'
      options='--help -h --version'
      ;;
    '/migrate')
      commands='status up'
      options='--postgres --postgres-password-file --help -h --version'
      ;;
    '/migrate/status')
      commands=''
      options='--postgres --postgres-password-file --help -h --version'
      ;;
    '/migrate/up')
      commands=''
      options='--postgres --postgres-password-file --help -h --version'
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
