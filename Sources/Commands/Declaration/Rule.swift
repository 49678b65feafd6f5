/// What parameters mean for each other.
package struct Rule: Sendable {
  enum Kind: Sendable {
    case atMostOne([Parameter])
    case exactlyOne([Parameter])
    case atLeastOne([Parameter])
    case needs(Parameter, [Parameter])
    case custom(@Sendable (Invocation) throws -> Void)
  }

  let kind: Kind
  /// Why, or what to do instead: the end of the message.
  let reason: String?

  /// The parameters exclude each other.
  package static func atMostOne(of keys: [any ParameterKey], because reason: String? = nil) -> Rule {
    Rule(kind: .atMostOne(keys.map(\.parameter)), reason: reason)
  }

  /// One of them must be given, and no other with it.
  package static func exactlyOne(of keys: [any ParameterKey], because reason: String? = nil) -> Rule {
    Rule(kind: .exactlyOne(keys.map(\.parameter)), reason: reason)
  }

  package static func atLeastOne(of keys: [any ParameterKey], because reason: String? = nil) -> Rule {
    Rule(kind: .atLeastOne(keys.map(\.parameter)), reason: reason)
  }

  /// `key` may be given only together with all of `others`.
  package static func using(
    _ key: any ParameterKey, needs others: [any ParameterKey], because reason: String? = nil
  ) -> Rule {
    Rule(kind: .needs(key.parameter, others.map(\.parameter)), reason: reason)
  }

  /// Any other; `check` throws a `UsageError`.
  package static func custom(_ check: @escaping @Sendable (Invocation) throws -> Void) -> Rule {
    Rule(kind: .custom(check), reason: nil)
  }

  func check(_ invocation: Invocation) throws {
    func given(_ parameters: [Parameter]) -> [Parameter] { parameters.filter { invocation.isGiven($0) } }
    func names(_ parameters: [Parameter], _ word: String) -> String {
      let names = parameters.map { invocation.title(of: $0) }
      guard let last = names.last, names.count > 1 else { return names.first ?? "" }
      return "\(names.dropLast().joined(separator: ", ")) \(word) \(last)"
    }
    func fail(_ code: UsageError.Code, _ message: String) throws {
      throw UsageError(code, message + (reason.map { ": \($0)" } ?? ""))
    }
    switch kind {
    case .atMostOne(let parameters), .exactlyOne(let parameters):
      let found = given(parameters)
      if found.count > 1 { try fail(.conflict, "\(names(found, "and")) exclude each other") }
      guard case .exactlyOne = kind, found.isEmpty else { return }
      try fail(.missingOption, "one of \(names(parameters, "or")) is needed")
    case .atLeastOne(let parameters):
      if given(parameters).isEmpty { try fail(.missingOption, "\(names(parameters, "or")) is needed") }
    case .needs(let parameter, let others):
      let missing = others.filter { !invocation.isGiven($0) }
      guard invocation.isGiven(parameter), !missing.isEmpty else { return }
      try fail(.missingOption, "\(invocation.title(of: parameter)) needs \(names(missing, "and"))")
    case .custom(let check): try check(invocation)
    }
  }
}
