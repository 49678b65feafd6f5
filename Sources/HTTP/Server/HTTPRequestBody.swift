import Networking

/// A request's body that is handed over as it comes. On the loop's thread only; one reader.
///
/// What the reader has not taken yet is bounded: beyond `highWater` the connection is not read, and the client feels it.
package final class HTTPRequestBody: @unchecked Sendable {
  /// Bytes that may wait for the reader.
  private static let highWater = 256 << 10
  /// Bytes that have to come within the server's `bodyTimeout`, again and again, lest the client be given up.
  private static let leastProgress = 64 << 10

  private var connection: HTTPServerConnection?
  private var gathered: [UInt8] = []
  private var isComplete = false
  private var failure: HTTPError?
  private var waiting: UnsafeContinuation<Void, Never>?
  private var progress = 0
  /// The connection is not read until the reader has taken what is there.
  private(set) var isPaused = false

  init(connection: HTTPServerConnection) { self.connection = connection }

  /// What has come since the last call, or comes next; nil at the end. Throws `HTTPError` where the body turns out to be
  /// none, or the client is gone.
  package func next() async throws -> [UInt8]? {
    if gathered.isEmpty, !isComplete, failure == nil { await withUnsafeContinuation { waiting = $0 } }
    if let failure { throw failure }
    guard !gathered.isEmpty else { return nil }
    let part = gathered
    gathered = []
    if isPaused {
      isPaused = false
      connection?.bodyIsTaken()
    }
    return part
  }

  func receive(from parser: inout HTTPRequestParser) {
    let before = gathered.count
    parser.takeBody(into: &gathered)
    progress += gathered.count - before
    isPaused = gathered.count > Self.highWater
    wake()
  }

  func end() {
    isComplete = true
    isPaused = false
    connection = nil
    wake()
  }

  func fail(_ error: HTTPError) {
    failure = error
    isPaused = false
    connection = nil
    gathered = []
    wake()
  }

  /// Whether enough has come since the last call.
  func takeProgress() -> Bool {
    defer { progress = 0 }
    return progress >= Self.leastProgress
  }

  private func wake() {
    let continuation = waiting
    waiting = nil
    continuation?.resume()
  }
}

// What a connection does with it.
extension HTTPServerConnection {
  func receivePart() {
    guard let streamed else { return }
    streamed.receive(from: &parser)
    if streamed.isPaused { connection.pauseReading() }
  }

  func endBody() {
    guard let body = streamed else { return }
    streamed = nil
    if body.isPaused { connection.resumeReading() }
    body.end()
  }

  /// False where no body is awaited. Else its reader is told, which answers.
  func failBody(_ error: HTTPError) -> Bool {
    guard let body = streamed else { return false }
    streamed = nil
    body.fail(error)
    return true
  }

  /// The request is answered: what is still to come of its body is not read, and nothing after it.
  func leave(_ body: HTTPRequestBody) {
    guard body === streamed else { return }
    isLast = true
    streamed = nil
    if body.isPaused { connection.resumeReading() }
    body.fail(HTTPError(.closed, "the request has been answered"))
  }

  func bodyIsTaken() {
    guard streamed != nil else { return }
    connection.resumeReading()
    updatePhase()
  }
}
