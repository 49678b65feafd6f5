import CLinux
import Load
import Networking

/// One keep-alive connection with one request outstanding.
final class HTTPLoad: ConnectionHandler, @unchecked Sendable {
  private let connection: Connection
  /// An answer has come: its status, and the nanoseconds it took. Send the next request from here.
  var onAnswer: (HTTPLoad, Int, UInt64) -> Void = { _, _, _ in }
  var onFailure: (LoadFailure) -> Void = { _ in }
  private var sentAt: UInt64 = 0
  private var partial: [UInt8] = []
  private var isClosing = false

  private init(_ connection: Connection) { self.connection = connection }

  static func open(_ address: DaemonAddress, _ loop: EventLoop) async throws -> HTTPLoad {
    let load = HTTPLoad(try await address.connect(loop))
    load.connection.start(load)
    return load
  }

  func send(_ request: [UInt8]) {
    sentAt = clinux_monotonic_ns()
    connection.write(request)
  }

  func close() {
    isClosing = true
    connection.close()
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    if partial.isEmpty, let used = consume(bytes), used == bytes.count { return }
    partial += bytes
    let whole = partial
    if let used = whole.withUnsafeBytes({ consume($0) }) { partial.removeFirst(used) }
  }

  /// The length of the answer when it is there whole; nil, and nothing done, while it is not.
  private func consume(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let head = HTTPHead.end(in: bytes) else { return nil }
    let total = head + HTTPHead.contentLength(in: UnsafeRawBufferPointer(rebasing: bytes[..<head]))
    guard bytes.count >= total else { return nil }
    let status = HTTPHead.status(in: bytes)
    onAnswer(self, status, clinux_monotonic_ns() - sentAt)
    return total
  }

  func peerFinished() { connection.close() }

  func closed(_ reason: CloseReason) {
    if !isClosing { onFailure(LoadFailure("an HTTP connection: \(reason)")) }
  }
}
