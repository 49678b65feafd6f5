/// The completion script of bash 4 and newer. It needs nothing of the package bash-completion.
struct BashCompletion {
  private let tables: ShellTables

  init(_ program: Program) { tables = ShellTables(program) }

  var script: String {
    let name = tables.program.name
    let prefix = tables.prefix
    var lines = ["# bash completion of \(name), made by: \(name) completion bash", ""]
    lines += ["# The path of the command that a word leads to."] + tables.commandFunction + [""]
    lines += ["# Whether an option takes the next word."] + tables.takesValueFunction + [""]
    lines += ["# The values of an option or, @1, of an argument."]
    lines += tables.valuesFunction { parameter in
      if parameter.schema.completer != nil { return "REPLY=@dynamic" }
      switch parameter.schema.kind {
      case .file: return "REPLY=@file"
      case .directory: return "REPLY=@directory"
      case .choice(let choices): return "REPLY='\(choices.map(\.value).joined(separator: " "))'"
      default: return nil
      }
    }
    lines += ["", "# The commands and options that may stand at a path.", "__\(prefix)_words() {", "  case \"$1\" in"]
    for node in tables.allNodes {
      let options = node.options.flatMap(\.completionWords).joined(separator: " ")
      let commands = node.subcommands.map(\.name).joined(separator: " ")
      lines += ["    '\(node.path)')", "      commands='\(commands)'", "      options='\(options)'", "      ;;"]
    }
    lines += ["  esac", "}", "", Self.function(prefix), "", "complete -F _\(prefix) \(name)"]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func function(_ prefix: String) -> String {
    ##"""
    # A word without the shell's quotes and backslashes; QUOTE is the quote that is still open at its end.
    __PREFIX_plain() {
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
    __PREFIX_quoted() {
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

    _PREFIX() {
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
        __PREFIX_plain "${words[i]}"
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
          if [[ $word != *=* ]] && __PREFIX_takes_value "$path" "$word"; then open=$word; fi
        elif [[ -z $only && $word == -?* ]]; then
          for ((letter = 1; letter < ${#word}; letter++)); do
            if __PREFIX_takes_value "$path" "-${word:letter:1}"; then
              if ((letter == ${#word} - 1)); then open="-${word:letter:1}"; fi
              break
            fi
          done
        elif ((position == 0)) && __PREFIX_command "$path" "$word"; then
          path=$REPLY
        else
          position=$((position + 1))
        fi
      done
      typed=${words[${#words[@]}-1]}
      full=$typed
      REPLY=''
      __PREFIX_words "$path"
      if [[ -n $open ]]; then
        __PREFIX_values "$path" "$open"
      elif [[ -z $only && $typed == --*=* ]]; then
        lead=${typed%%=*}=
        typed=${typed#*=}
        __PREFIX_values "$path" "${lead%=}"
      elif [[ -z $only && $typed == -* ]]; then
        REPLY=$options
      elif [[ -n $commands ]] && ((position == 0)); then
        REPLY=$commands
      else
        __PREFIX_values "$path" "@$((position + 1))"
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
      __PREFIX_plain "$word"
      full=${full%"$REPLY"}
      for word in "${found[@]}"; do
        if [[ $word != "$typed"* ]]; then continue; fi
        word=$lead$word
        REPLY=${word#"$full"}
        if [[ -z $files ]]; then __PREFIX_quoted "$REPLY" "$quote"; fi
        COMPREPLY+=("$REPLY")
      done
      # Readline closes a quote, unless what it has inserted ends with one.
      if [[ -n $quote && ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *"$quote" ]]; then COMPREPLY[0]+=$quote; fi
    }
    """##.replacing("PREFIX", with: prefix)
  }
}
