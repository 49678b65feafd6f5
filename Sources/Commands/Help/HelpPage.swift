/// What --help prints for a command.
struct HelpPage {
  /// From the program to the command.
  let commands: [Command]
  let terminal: Terminal

  private var layout: TextLayout { TextLayout(width: terminal.width) }

  var text: String {
    guard let command = commands.last else { return "" }
    var sections = [layout.paragraphs("\(Synopsis(commands: commands).name): \(command.summary).")]
    sections.append(usage)
    if !command.discussion.isEmpty { sections.append(layout.paragraphs(command.discussion)) }
    sections += subcommands(command)
    let arguments = command.arguments.filter { !$0.isHidden }
    if !arguments.isEmpty {
      sections.append(section("Arguments", arguments.map { (ParameterText(parameter: $0).value ?? "", $0) }))
    }
    sections += options
    if let records = command.records {
      let rows = records.fields.map { (left: $0.name, right: TextLayout.words("\($0.help).")) }
      sections.append([heading("Fields")] + layout.columns(rows))
    }
    if !command.exitCodes.isEmpty {
      let rows = command.exitCodes.map { (left: "\($0.code.rawValue)", right: TextLayout.words($0.meaning)) }
      sections.append([heading("Exit codes")] + layout.columns(rows))
    }
    if !command.examples.isEmpty { sections.append([heading("Examples")] + examples(command)) }
    return sections.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private var usage: [String] {
    let synopsis = Synopsis(commands: commands)
    let parts = ["Usage:", synopsis.name] + synopsis.parts
    let indentation = min("Usage: \(synopsis.name) ".count, terminal.width / 2)
    var lines = layout.hanging(parts, indentation: indentation)
    lines[0] = styled("Usage:") + lines[0].dropFirst("Usage:".count)
    return lines
  }

  private func subcommands(_ command: Command) -> [[String]] {
    groups(command.subcommands.filter { !$0.isHidden }, by: \.group, default: "Commands").map { name, commands in
      [heading(name)]
        + layout.columns(
          commands.map { subcommand in
            let isDefault = subcommand.name == command.defaultSubcommand
            return (
              subcommand.name, TextLayout.words("\(subcommand.summary)\(isDefault ? " (where none is named)" : "").")
            )
          })
    }
  }

  /// The command's own options first, then those of the commands it belongs to.
  private var options: [[String]] {
    var sections: [(String, [Parameter])] = []
    for (depth, command) in commands.enumerated().reversed() {
      let isOwn = depth == commands.count - 1
      let visible = command.visibleOptions(for: commands[commands.count - 1])
      let heading = isOwn ? "Options" : "Options of \(commands[...depth].map(\.name).joined(separator: " "))"
      sections += groups(visible, by: \.group, default: heading)
    }
    let isProgram = commands.count == 1
    var shown = sections.map { name, parameters in
      let shown = parameters.filter { !$0.isRare && (isProgram || !$0.isGlobal) }
      return shown.isEmpty ? [] : section(name, shown.map { (option($0, among: shown), $0) })
    }
    let global = isProgram ? [] : sections.flatMap(\.1).filter { $0.isGlobal && !$0.isRare }
    if !global.isEmpty {
      let heading = [heading("Options of every command, which '\(commands[0].name) --help' explains")]
      let names = global.map(\.title).joined(separator: ", ")
      shown.append(heading + layout.paragraphs(names, indentation: 2))
    }
    let rare = sections.flatMap(\.1).filter(\.isRare).count
    guard rare > 0 else { return shown.filter { !$0.isEmpty } }
    let manual = "'\(commands[0].name) man' shows \(rare) more options, for what seldom needs to be changed."
    return shown.filter { !$0.isEmpty } + [layout.paragraphs(manual)]
  }

  /// Long names are aligned where some of a section's options have short ones.
  private func option(_ parameter: Parameter, among others: [Parameter]) -> String {
    let text = ParameterText(parameter: parameter)
    let margin = parameter.short == nil && others.contains { $0.short != nil } ? "    " : ""
    return margin + text.names.joined(separator: ", ") + (text.value.map { " \($0)" } ?? "")
  }

  private func section(_ name: String, _ rows: [(String, Parameter)]) -> [String] {
    [heading(name)] + layout.columns(rows.map { ($0.0, ParameterText(parameter: $0.1).words) })
  }

  private func examples(_ command: Command) -> [String] {
    command.examples.enumerated().flatMap { index, example in
      (index > 0 ? [""] : []) + layout.paragraphs("\(example.summary):", indentation: 2) + ["    \(example.line)"]
    }
  }

  private func heading(_ text: String) -> String { styled("\(text):") }

  private func styled(_ text: String) -> String { terminal.isStyled ? "\u{1b}[1m\(text)\u{1b}[0m" : text }

  /// What has no group comes first, then the groups in the order of their first member; that of help is the last.
  private func groups<Element>(
    _ elements: [Element], by group: (Element) -> String?, default heading: String
  ) -> [(String, [Element])] {
    var names: [String] = []
    for element in elements {
      if let name = group(element), !names.contains(name), name != Program.helpGroup { names.append(name) }
    }
    let rest = elements.filter { group($0) == nil }
    let help = elements.filter { group($0) == Program.helpGroup }
    return
      ([(heading, rest)] + names.map { name in (name, elements.filter { group($0) == name }) } + [
        (Program.helpGroup, help)
      ])
      .filter { !$0.1.isEmpty }
  }
}
