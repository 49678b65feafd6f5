import Primitives

/// The second pass: each parameter of a command gets its value, from the command line, the environment, the
/// configuration or its default, and what it says is checked.
struct Resolution {
  let path: [Command]
  let given: [String: [String]]
  let warnings: [String]
  let environment: (String) -> String?

  private var command: Command { path[path.count - 1] }

  /// Distributes the words to the arguments.
  private func arguments(_ words: [String]) throws(UsageError) -> [String: [String]] {
    var rest = words[...]
    var values: [String: [String]] = [:]
    for parameter in command.arguments {
      let taken = rest.prefix(parameter.arity.most)
      rest = rest.dropFirst(taken.count)
      if !taken.isEmpty { values[parameter.name] = Array(taken) }
    }
    if let extra = rest.first {
      let most = words.count - rest.count
      throw UsageError(
        .tooManyArguments,
        most == 0
          ? "'\(extra)' is too much: \(command.name) takes no arguments"
          : "'\(extra)' is too much: \(command.name) takes \(most == 1 ? "one argument" : "\(most) arguments")")
    }
    return values
  }

  /// - Parameter context: asked with what command line and environment say, before anything is required.
  func invocation(
    _ words: [String], context: ((Invocation) throws -> [String: ContextValue])?
  ) throws -> Invocation {
    let arguments = try arguments(words)
    // What every program has works whatever the environment says, and needs nothing.
    let isBuiltin = command.builtin != nil
    let parameters = isBuiltin ? command.options + command.arguments : path.flatMap(\.options) + command.arguments
    var values: [String: ResolvedValue] = [:]
    var problems: [UsageError] = []
    for parameter in parameters {
      do throws(UsageError) {
        values[parameter.name] = try resolve(parameter, given[parameter.name] ?? arguments[parameter.name])
      } catch {
        problems.append(error)
      }
    }
    if let problem = UsageError(all: problems) { throw problem }
    if let context, !isBuiltin {
      for (name, value) in try context(invocation(values)) where values[name]?.source == .default {
        guard let parameter = parameters.first(where: { $0.name == name }) else { continue }
        try check(value.texts, parameter, "\(value.origin): \(name)")
        values[name] = ResolvedValue(texts: value.texts, source: .context(value.origin))
      }
    }
    for parameter in parameters { try require(parameter, values[parameter.name]?.texts) }
    let invocation = invocation(values)
    for command in isBuiltin ? [] : path { for rule in command.rules { try rule.check(invocation) } }
    return invocation
  }

  private func invocation(_ values: [String: ResolvedValue]) -> Invocation {
    Invocation(path: path.map(\.name), command: command, warnings: warnings, values: values)
  }

  private func resolve(_ parameter: Parameter, _ texts: [String]?) throws(UsageError) -> ResolvedValue {
    if let texts {
      try check(texts, parameter, parameter.title)
      return ResolvedValue(texts: texts, source: .commandLine)
    }
    // An empty variable is one that was not set.
    guard let name = parameter.environment, let text = environment(name), !text.isEmpty else { return .absent }
    let texts =
      parameter.isRepeated
      ? text.split(separator: ",").map { String($0.trimmingBlanks()) }.filter { !$0.isEmpty } : [text]
    guard texts.count <= parameter.arity.most else {
      throw UsageError(.invalidValue, "\(name): more than \(parameter.arity.most) values")
    }
    try check(texts, parameter, name)
    return ResolvedValue(texts: texts, source: .environment(name))
  }

  private func check(_ texts: [String], _ parameter: Parameter, _ title: String) throws(UsageError) {
    for text in texts where !parameter.schema.isValid(text) {
      if let complaint = parameter.schema.complaint?(text) {
        throw UsageError(.invalidValue, "\(title): \(complaint)")
      }
      let nearest = NearestMatch.of(text, in: parameter.schema.choices.map(\.value))
      throw UsageError(
        .invalidValue,
        "\(title): '\(text)' is not \(parameter.schema.expectation)\(ArgumentReader.hint(nearest))")
    }
  }

  private func require(_ parameter: Parameter, _ texts: [String]?) throws(UsageError) {
    let count = texts?.count ?? 0
    guard count < parameter.arity.least else { return }
    if count > 0 {
      throw UsageError(
        .missingArgument, "\(parameter.title) is needed at least \(parameter.arity.least) times")
    }
    let what = "\(parameter.title) is missing\(parameter.schema.expectationClause(": "))"
    guard parameter.shape != .argument else { throw UsageError(.missingArgument, what) }
    throw UsageError(.missingOption, what + (parameter.environment.map { ", or the variable \($0)" } ?? ""))
  }
}

extension Substring {
  package func trimmingBlanks() -> Substring {
    var result = drop { $0 == " " || $0 == "\t" }
    while let last = result.last, last == " " || last == "\t" { result.removeLast() }
    return result
  }
}
