import Networking

/// Something that ends once, well or not, and that one task awaits with a deadline. On the loop's thread only.
final class Completion: @unchecked Sendable {
  private let loop: EventLoop
  private let what: String
  private var outcome: BenchFailure??
  private var continuation: UnsafeContinuation<Void, any Error>?

  init(_ what: String, _ loop: EventLoop) {
    self.what = what
    self.loop = loop
  }

  var isFinished: Bool { outcome != nil }

  /// Only the first end counts.
  func finish(_ failure: BenchFailure? = nil) {
    guard outcome == nil else { return }
    outcome = .some(failure)
    resume()
  }

  private func resume() {
    guard let outcome, let continuation else { return }
    self.continuation = nil
    if let failure = outcome { continuation.resume(throwing: failure) } else { continuation.resume() }
  }

  /// Throws the failure, or one that says what did not happen in time.
  func wait(within limit: Duration) async throws {
    let timer = loop.schedule(after: limit) { [self] in finish(BenchFailure("\(what): not within \(limit)")) }
    defer { timer.cancel() }
    try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
      self.continuation = continuation
      resume()
    }
  }
}
