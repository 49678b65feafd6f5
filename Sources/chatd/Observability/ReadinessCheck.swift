import JSON
import Networking

/// One thing that a process stands on, and whether it does.
struct ReadinessCheck: Sendable {
  let name: String
  /// Nil when all is well.
  var failure: String?
  /// Without it nothing can be served; otherwise something is put off.
  var isRequired: Bool
  var nanoseconds: UInt64 = 0

  /// Runs `body` on `loop`, where it was called; what it throws, or its not ending in time, is the failure.
  static func run(
    _ name: String, isRequired: Bool = true, on loop: EventLoop, within limit: Duration = .seconds(1),
    _ body: @escaping @Sendable () async throws -> Void
  ) async -> ReadinessCheck {
    let started = loop.now
    let answer = FirstAnswer()
    let task = loop.start {
      do {
        try await body()
        answer.give(nil)
      } catch {
        answer.give("\(error)")
      }
    }
    let timer = loop.schedule(after: limit) {
      answer.give("no answer within \(limit.milliseconds) ms")
      task.cancel()
    }
    let failure = await answer.wait()
    timer.cancel()
    return ReadinessCheck(name: name, failure: failure, isRequired: isRequired, nanoseconds: loop.now &- started)
  }

  func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("name", name)
    json.field("status", failure == nil ? "ok" : isRequired ? "failed" : "degraded")
    if let failure { json.field("reason", failure) }
    json.field("required", isRequired)
    json.field("milliseconds", Int64(nanoseconds / 1_000_000))
    json.endObject()
  }

  /// The first of two to speak; on one loop.
  private final class FirstAnswer: @unchecked Sendable {
    private var answer: String??
    private var continuation: UnsafeContinuation<String?, Never>?

    func give(_ failure: String?) {
      guard answer == nil else { return }
      answer = .some(failure)
      continuation?.resume(returning: failure)
      continuation = nil
    }

    func wait() async -> String? {
      if let answer { return answer }
      return await withUnsafeContinuation { continuation = $0 }
    }
  }
}
