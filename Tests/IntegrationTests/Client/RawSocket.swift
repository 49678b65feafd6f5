import Networking
import TestSupport

/// A TCP connection to a server under test, for saying whatever must be said to it, well-formed or not.
///
/// The clients of these tests are written here from the specifications, and share nothing with the server but the
/// event loop: a codec that misunderstands a protocol would understand itself.
final class RawSocket: ConnectionHandler, @unchecked Sendable {
  private let loop: EventLoop
  let connection: Connection
  /// What has come and was not taken yet.
  private(set) var input: [UInt8] = []
  private(set) var isEnded = false
  private(set) var closeReason: CloseReason?
  private var waiter: UnsafeContinuation<Void, Never>?

  private init(_ connection: Connection, _ loop: EventLoop) {
    self.connection = connection
    self.loop = loop
    connection.outboundLimit = 64 << 20
  }

  static func connect(to port: UInt16, _ loop: EventLoop) async throws -> RawSocket {
    let connection = try await Connection.connect(to: .loopback(port: port), loop: loop)
    let socket = RawSocket(connection, loop)
    connection.start(socket)
    return socket
  }

  func write(_ bytes: [UInt8]) { connection.write(bytes) }
  func write(_ text: String) { connection.write(Array(text.utf8)) }
  func close() { connection.close() }

  func take(_ count: Int) -> [UInt8] {
    defer { input.removeFirst(count) }
    return Array(input[..<count])
  }

  /// Waits for more input; false when there will be none.
  func more(within limit: Duration = .seconds(20)) async throws -> Bool {
    guard !isEnded else { return false }
    let count = input.count
    var isLate = false
    let timer = loop.schedule(after: limit) { [self] in
      isLate = true
      wake()
    }
    defer { timer.cancel() }
    while input.count == count, !isEnded {
      guard !isLate else { throw TestFailure("nothing came from the server within \(limit)") }
      await withUnsafeContinuation { waiter = $0 }
    }
    return input.count > count
  }

  /// Reads until the server ends the connection, and returns all of it.
  func readToEnd(within limit: Duration = .seconds(20)) async throws -> String {
    while try await more(within: limit) {}
    return String(decoding: input, as: UTF8.self)
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    input.append(contentsOf: bytes)
    wake()
  }

  func peerFinished() {
    isEnded = true
    connection.close()
    wake()
  }

  func closed(_ reason: CloseReason) {
    closeReason = reason
    isEnded = true
    wake()
  }
}
