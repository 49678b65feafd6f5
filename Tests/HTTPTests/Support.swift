import HTTP
import Networking
import Testing

/// Runs `body` on a loop of its own.
func onLoop(_ body: @escaping @Sendable (EventLoop) async throws -> Void) async throws {
  let loop = EventLoop.spawn(name: "test")
  defer { loop.stop() }
  try await loop.submit { try await body(loop) }
}

struct Expired: Error, CustomStringConvertible {
  let description: String
}

/// A client that sends what it is told and keeps what it gets, byte by byte if need be. On its loop's thread only.
final class RawClient: ConnectionHandler, @unchecked Sendable {
  private let connection: Connection
  private(set) var received: [UInt8] = []
  private(set) var isOver = false
  private var condition: ((RawClient) -> Bool)?
  private var waiting: UnsafeContinuation<Bool, Never>?

  private init(_ connection: Connection) {
    self.connection = connection
    connection.start(self)
  }

  static func connect(to address: SocketAddress, loop: EventLoop) async throws -> RawClient {
    RawClient(try await Connection.connect(to: address, loop: loop))
  }

  var text: String { String(decoding: received, as: UTF8.self) }

  func send(_ text: String) { connection.write(Array(text.utf8)) }
  func send(_ bytes: [UInt8]) { connection.write(bytes) }

  /// Sends each byte by itself, in a segment of its own.
  func sendBytewise(_ text: String) {
    for byte in text.utf8 {
      connection.write([byte])
      connection.flush()
    }
  }

  func finish() { connection.finish(linger: .seconds(30)) }
  func close() { connection.close() }
  func pauseReading() { connection.pauseReading() }
  func resumeReading() { connection.resumeReading() }

  /// Waits until what has been received fulfils `condition`, and returns it.
  @discardableResult
  func wait(_ what: String = "more", _ condition: @escaping (RawClient) -> Bool) async throws -> String {
    if !condition(self) {
      self.condition = condition
      let timer = connection.loop.schedule(after: .seconds(10)) { [self] in resume(false) }
      let isMet = await withUnsafeContinuation { waiting = $0 }
      timer.cancel()
      guard isMet else {
        throw Expired(description: "waited in vain for \(what); got \(text.suffix(500).debugDescription)")
      }
    }
    return text
  }

  @discardableResult
  func wait(for part: String) async throws -> String {
    try await wait(part.debugDescription) { $0.text.contains(part) }
  }

  /// Everything up to the server's end of the connection.
  func end() async throws -> String { try await wait("the end") { $0.isOver } }

  private func check() { if let condition, condition(self) { resume(true) } }

  private func resume(_ outcome: Bool) {
    condition = nil
    let continuation = waiting
    waiting = nil
    continuation?.resume(returning: outcome)
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    received.append(contentsOf: bytes)
    check()
  }

  func peerFinished() {
    isOver = true
    check()
    connection.close()
  }

  func closed(_ reason: CloseReason) {
    isOver = true
    check()
  }
}

/// Waits for a condition on the loop that no event tells of.
func eventually(
  _ loop: EventLoop, _ what: String, _ condition: () -> Bool
) async throws {
  for _ in 0..<2000 {
    if condition() { return }
    try await loop.sleep(for: .milliseconds(5))
  }
  throw Expired(description: "waited in vain for \(what)")
}

extension String {
  func occurrences(of part: String) -> Int {
    var count = 0
    var rest = self[...]
    while let range = rest.firstRange(of: part) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
