import Networking
import TestSupport

/// A client that sends its HTTP byte by byte as it is told, on the fixture's first loop.
final class RawPeer: ConnectionHandler, @unchecked Sendable {
  private let connection: Connection
  private(set) var text = ""
  private(set) var isOver = false

  init(_ fixture: SocketIOFixture, loop: Int = 0) async throws {
    connection = try await Connection.connect(to: .loopback(port: fixture.ports[loop]), loop: fixture.loops[0])
    connection.start(self)
  }

  func send(_ text: String) { connection.write(Array(text.utf8)) }

  /// The head of a POST to a session and as much of its body as is given.
  func post(_ sid: String, length: Int, _ body: String) {
    send(
      "POST /socket.io/?EIO=4&transport=polling&sid=\(sid) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
        + body)
  }

  func close() { connection.close() }

  func wait(for part: String) async throws { try await eventually("\(part) in \(text)") { text.contains(part) } }

  func received(_ bytes: UnsafeRawBufferPointer) { text += String(decoding: bytes, as: UTF8.self) }

  func peerFinished() {
    isOver = true
    connection.close()
  }

  func closed(_ reason: CloseReason) { isOver = true }
}
