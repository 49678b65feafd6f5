/// The completion script of zsh: a function `_prog` for $fpath, which may be sourced as well.
struct ZshCompletion {
  private let tables: ShellTables

  init(_ program: Program) { tables = ShellTables(program) }

  var script: String {
    let name = tables.program.name
    let prefix = tables.prefix
    var lines = ["#compdef \(name)", "# zsh completion of \(name), made by: \(name) completion zsh", ""]
    lines += ["# The path of the command that a word leads to."] + tables.commandFunction + [""]
    lines += ["# Whether an option takes the next word."] + tables.takesValueFunction + [""]
    lines += ["# The values of an option or, @1, of an argument."]
    lines += tables.valuesFunction { parameter in
      if parameter.schema.completer != nil { return "__\(prefix)_dynamic" }
      switch parameter.schema.kind {
      case .file: return "_files"
      case .directory: return "_files -/"
      case .choice(let choices):
        let items = choices.map { Self.item($0.value, $0.summary) }.joined(separator: " ")
        return "items=(\(items)); _describe -t values value items"
      default: return "_message \(ShellTables.quoted(parameter.schema.expectation))"
      }
    }
    lines += ["", "# The commands and options that may stand at a path.", "__\(prefix)_words() {", "  case \"$1\" in"]
    for node in tables.allNodes {
      lines += ["    '\(node.path)')", "      commands=("]
      lines += node.subcommands.map { "        \(Self.item($0.name, $0.summary))" }
      lines += ["      )", "      options=("]
      for option in node.options {
        lines += option.completionWords.map { "        \(Self.item($0, option.help))" }
      }
      lines += ["      )", "      ;;"]
    }
    lines += ["  esac", "}", "", Self.functions(prefix, name)]
    return lines.joined(separator: "\n") + "\n"
  }

  /// `'value:description'`, as _describe takes it.
  private static func item(_ value: String, _ summary: String) -> String {
    let value = value.replacing("\\", with: "\\\\").replacing(":", with: "\\:")
    let summary = ShellTables.summary(summary)
    return ShellTables.quoted(summary.isEmpty ? value : "\(value):\(summary)")
  }

  private static func functions(_ prefix: String, _ name: String) -> String {
    #"""
    # Values that only the program knows: it is asked with the words so far.
    __PREFIX_dynamic() {
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

    _PREFIX() {
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
          if [[ $word != *=* ]] && __PREFIX_takes_value "$commandpath" "$word"; then open=$word; fi
        elif [[ -z $only && $word == -?* ]]; then
          for letter in ${(s::)word[2,-1]}; do
            if __PREFIX_takes_value "$commandpath" "-$letter"; then
              if [[ $word == *$letter ]]; then open="-$letter"; fi
              break
            fi
          done
        elif (( position == 0 )) && __PREFIX_command "$commandpath" "$word"; then
          commandpath=$REPLY
        else
          position+=1
        fi
      done
      word=${(Q)words[CURRENT]}
      __PREFIX_words "$commandpath"
      if [[ -n $open ]]; then
        __PREFIX_values "$commandpath" "$open"
      elif [[ -z $only && $word == --*=* ]]; then
        lead=${word%%=*}=
        compset -P '*='
        __PREFIX_values "$commandpath" "${lead%=}"
      elif [[ -z $only && $word == -* ]]; then
        _describe -o -t options option options
      elif (( position == 0 && $#commands )); then
        _describe -t commands command commands
      else
        __PREFIX_values "$commandpath" "@$((position + 1))"
      fi
    }

    if [[ $funcstack[1] == _PREFIX ]]; then
      _PREFIX "$@"
    else
      compdef _PREFIX PROGRAM
    fi
    """#.replacing("_PREFIX", with: "_\(prefix)").replacing("PROGRAM", with: name)
  }
}
