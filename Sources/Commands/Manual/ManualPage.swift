/// A command's manual page, in roff. Pages are called by the command's words with dashes: `chatctl-topic-list`.
struct ManualPage {
  /// From the program to the command.
  let commands: [Command]
  let version: String
  let section: Int

  private var programName: String { commands.first?.name ?? "" }

  var text: String {
    guard let command = commands.last else { return "" }
    var roff = Roff()
    let name = title(commands)
    roff.macro("TH", name.uppercased(), "\(section)", "", "\(programName) \(version)", "")
    roff.macro("SH", "NAME")
    roff.line(markup: "\(Roff.escaped(name)) \\- \(Roff.escaped(command.summary))")
    roff.macro("SH", "SYNOPSIS")
    let synopsis = Synopsis(commands: commands)
    roff.line(markup: ([Roff.bold(synopsis.name)] + synopsis.parts.map { Roff.escaped($0) }).joined(separator: " "))
    if !command.discussion.isEmpty {
      roff.macro("SH", "DESCRIPTION")
      roff.paragraphs(command.discussion)
    }
    let subcommands = command.subcommands.filter { !$0.isHidden }
    if !subcommands.isEmpty {
      roff.macro("SH", "COMMANDS")
      for subcommand in subcommands {
        item(&roff, Roff.bold(subcommand.name), "\(subcommand.summary).")
      }
    }
    if !command.arguments.isEmpty { roff.macro("SH", "ARGUMENTS") }
    for argument in command.arguments where !argument.isHidden {
      let text = ParameterText(parameter: argument)
      item(&roff, Roff.italic(text.value ?? ""), text.description)
    }
    options(&roff)
    environment(&roff)
    if let records = command.records {
      roff.macro("SH", "FIELDS")
      for field in records.fields {
        let place = field.isWide ? ", in a table with -o wide" : ""
        item(&roff, Roff.bold(field.name), "\(field.help) (\(field.kind.rawValue)\(place)).")
      }
    }
    if !command.exitCodes.isEmpty { roff.macro("SH", "EXIT STATUS") }
    for code in command.exitCodes { item(&roff, Roff.bold("\(code.code.rawValue)"), "\(code.meaning).") }
    if !command.examples.isEmpty { roff.macro("SH", "EXAMPLES") }
    for example in command.examples {
      roff.macro("PP")
      roff.line(markup: Roff.escaped("\(example.summary):"))
      roff.macro("PP")
      roff.macro("nf")
      roff.macro("RS", "4")
      roff.line(markup: Roff.escaped(example.line))
      roff.macro("RE")
      roff.macro("fi")
    }
    return roff.text
  }

  private func title(_ commands: [Command]) -> String { commands.map(\.name).joined(separator: "-") }

  private func item(_ roff: inout Roff, _ markup: String, _ text: String) {
    roff.macro("TP")
    roff.line(markup: markup)
    roff.line(markup: Roff.escaped(text))
  }

  private func options(_ roff: inout Roff) {
    for (depth, command) in commands.enumerated().reversed() {
      let options = command.visibleOptions(for: commands[commands.count - 1])
      if options.isEmpty { continue }
      let isOwn = depth == commands.count - 1
      roff.macro("SH", isOwn ? "OPTIONS" : "OPTIONS OF \(title(Array(commands[...depth])).uppercased())")
      // What is seldom changed stands on the page of its command alone.
      for option in options where isOwn || !(option.isRare || option.isGlobal) {
        let text = ParameterText(parameter: option)
        let names = text.names.map { Roff.bold($0) }.joined(separator: ", ")
        item(&roff, names + (text.value.map { " \(Roff.italic($0))" } ?? ""), text.description)
      }
      let rare = isOwn ? 0 : options.count { $0.isRare || $0.isGlobal }
      guard rare > 0 else { continue }
      roff.macro("PP")
      let page = Roff.bold(title(Array(commands[...depth])))
      let what = options.contains(where: \.isGlobal) ? "of every command" : "for what seldom needs to be changed"
      roff.line(markup: Roff.escaped("\(rare) more, \(what): ") + "\(page)(\(section)).")
    }
  }

  private func environment(_ roff: inout Roff) {
    guard let command = commands.last else { return }
    let inherited = commands.dropLast().flatMap { $0.visibleOptions(for: command) }.filter { !$0.isRare }
    let options = (inherited + command.visibleOptions(for: command)).filter { $0.environment != nil }
    if options.isEmpty { return }
    roff.macro("SH", "ENVIRONMENT")
    for option in options.sorted(by: { ($0.environment ?? "") < ($1.environment ?? "") }) {
      item(&roff, Roff.bold(option.environment ?? ""), "The value of \(option.title), where the command line has none.")
    }
  }
}
