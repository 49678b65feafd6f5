extension Program {
  /// What may stand for the last word of the request.
  package func candidates(_ request: CompletionRequest) async -> [Candidate] {
    let walk = CompletionWalk(root, request.words)
    var candidates: [Candidate] = []
    switch walk.target {
    case .nothing: break
    case .commands:
      candidates = (walk.path.last?.subcommands ?? []).filter { !$0.isHidden }.map { Candidate($0.name, $0.summary) }
    case .options:
      let command = walk.path[walk.path.count - 1]
      candidates = walk.path.reversed().flatMap { $0.visibleOptions(for: command) }.flatMap { option in
        option.completionWords.map { Candidate($0, option.help) }
      }
    case .value(let parameter):
      if let completer = parameter.schema.completer {
        var request = request
        request.prefix = walk.prefix
        request.given = walk.given
        candidates = await completer(request)
      } else {
        candidates = parameter.schema.choices.map { Candidate($0.value, $0.summary) }
      }
    }
    return candidates.filter { $0.value.hasPrefix(walk.prefix) }.map { Candidate(walk.lead + $0.value, $0.summary) }
  }
}

extension Parameter {
  /// All spellings that a shell may offer.
  var completionWords: [String] {
    ["--\(name)"] + (isInvertible ? ["--no-\(name)"] : []) + (short.map { ["-\($0)"] } ?? [])
  }
}
