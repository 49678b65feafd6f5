/// How a parameter is spelt and described, in help and manual.
struct ParameterText {
  let parameter: Parameter

  /// The names with dashes, the short one first: `-o`, `--output`; `--[no-]color`.
  var names: [String] {
    let long = parameter.isInvertible ? "--[no-]\(parameter.name)" : "--\(parameter.name)"
    return (parameter.short.map { ["-\($0)"] } ?? []) + [long]
  }

  /// What follows the names: `FORMAT`, or nothing.
  var value: String? {
    guard parameter.takesValue else { return nil }
    return parameter.schema.metavariable + (parameter.shape == .argument && parameter.isRepeated ? "…" : "")
  }

  /// Help and, in brackets, what goes for it.
  var description: String { ([parameter.help] + notes).filter { !$0.isEmpty }.joined(separator: " ") }

  /// The description in words; a note is one unless it is long.
  var words: [String] {
    parameter.help.split(separator: " ").map(String.init)
      + notes.flatMap { $0.count <= 32 ? [$0] : $0.split(separator: " ").map(String.init) }
  }

  private var notes: [String] {
    var notes: [String] = []
    if case .choice(let choices) = parameter.schema.kind {
      notes.append("[\(choices.map(\.value).joined(separator: ", "))]")
    }
    switch (parameter.schema.minimum, parameter.schema.maximum) {
    case _ where parameter.shape != .option && parameter.shape != .argument: break
    case (let least?, let most?): notes.append("[\(least) to \(most)]")
    case (let least?, nil): notes.append("[\(least) or more]")
    case (nil, let most?): notes.append("[at most \(most)]")
    case (nil, nil): break
    }
    if parameter.isRepeated, parameter.shape == .option { notes.append("[may be repeated]") }
    if parameter.isRequired, parameter.shape == .option { notes.append("[required]") }
    if let text = parameter.defaultText { notes.append("[default: \(text)]") }
    if let name = parameter.environment { notes.append("[env: \(name)]") }
    return notes
  }
}
