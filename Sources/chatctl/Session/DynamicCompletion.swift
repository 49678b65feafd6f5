import ChatKit
import Commands
import Networking
import Primitives

/// Words that only a running system knows, for completions: users, rooms, topics, nodes.
///
///     ValueType<String>.string.completed(by: DynamicCompletion.of("topic") { connections, request in … })
///
/// Whoever types waits no longer than for `patience`: the backends are asked that long, and then what they said before is
/// offered, from a file. What they say is remembered there.
enum DynamicCompletion {
  /// Of the 300 ms that a completion may take in all; the rest is the program's start. Where the backends are far, the
  /// variable `CHATCTL_COMPLETION_PATIENCE` can say more.
  static var patience: Duration {
    Program.environment("CHATCTL_COMPLETION_PATIENCE").flatMap { Duration(text: $0) } ?? .milliseconds(200)
  }
  /// No shell shows more.
  static let limit = 200

  /// - Parameters:
  ///   - kind: what the words name; the cache of one kind knows nothing of the others.
  ///   - scope: what else the words depend on, such as the workspace.
  ///   - ask: words that begin with `request.prefix`, `limit` at most.
  static func of(
    _ kind: String, scope: @escaping @Sendable (CompletionRequest) -> String = { _ in "" },
    _ ask: @escaping @Sendable (Connections, CompletionRequest) async throws -> [Candidate]
  ) -> Completer {
    { request in
      guard let loop = EventLoop.current, let invocation = invocation(request) else { return [] }
      let cache = CompletionCache(kind: kind, place: place(of: invocation) + [scope(request)])
      let connections = Connections(invocation, loop: loop)
      let answer = await within(patience, loop) {
        let found = try await ask(connections, request)
        await connections.close()
        return found
      }
      guard let answer else { return cache?.candidates(beginningWith: request.prefix) ?? [] }
      cache?.remember(answer, beginningWith: request.prefix, isWhole: answer.count < limit)
      return answer
    }
  }

  /// What a command of the options typed so far would talk to; nil where nobody says.
  private static func invocation(_ request: CompletionRequest) -> Invocation? {
    var words = ["context", "show"]
    for key in ConnectionOptions.keys {
      for text in request.texts(of: key.parameter) ?? [] { words += ["--\(key.parameter.name)=\(text)"] }
    }
    let parsed = try? Root.program.parse(
      words, environment: Program.environment, context: ConnectionOptions.values)
    guard case .run(let invocation) = parsed else { return nil }
    return invocation
  }

  /// What tells one installation from another.
  private static func place(of invocation: Invocation) -> [String] {
    ConnectionOptions.settings.filter { ["embedded", "postgres.url", "redis.url", "kafka.brokers"].contains($0.path) }
      .map { (invocation.texts(of: $0.parameter) ?? []).joined(separator: ",") }
  }

  /// Nil where `body` throws or takes longer.
  private static func within<Value: Sendable>(
    _ limit: Duration, _ loop: EventLoop, _ body: @escaping @Sendable () async throws -> Value
  ) async -> Value? {
    let race = Race<Value>()
    loop.start { race.end(with: try? await body()) }
    let timer = loop.schedule(after: limit) { race.end(with: nil) }
    let value = await race.value()
    timer.cancel()
    return value
  }

  /// The first of two to speak; on one loop.
  private final class Race<Value: Sendable>: @unchecked Sendable {
    private var outcome: Value??
    private var continuation: UnsafeContinuation<Value?, Never>?

    func end(with value: Value?) {
      guard outcome == nil else { return }
      outcome = .some(value)
      continuation?.resume(returning: value)
      continuation = nil
    }

    func value() async -> Value? {
      if let outcome { return outcome }
      return await withUnsafeContinuation { continuation = $0 }
    }
  }
}
