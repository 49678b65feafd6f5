package import Networking

/// Something that ends once, well or not, and that one task awaits with a deadline. On the loop's thread only.
package final class Completion: @unchecked Sendable {
  private let loop: EventLoop
  private let what: String
  private var outcome: LoadFailure??
  private var continuation: UnsafeContinuation<Void, any Error>?

  package init(_ what: String, _ loop: EventLoop) {
    self.what = what
    self.loop = loop
  }

  package var isFinished: Bool { outcome != nil }

  /// Only the first end counts.
  package func finish(_ failure: LoadFailure? = nil) {
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
  package func wait(within limit: Duration) async throws {
    let timer = loop.schedule(after: limit) { [self] in finish(LoadFailure("\(what): not within \(limit)")) }
    defer { timer.cancel() }
    try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
      self.continuation = continuation
      resume()
    }
  }
}
