import Networking

/// Where a streamed body is written to. On the loop's thread only.
package final class HTTPBodyWriter: @unchecked Sendable {
  /// Bytes that may wait in the connection before a writer waits.
  private static let highWater = 64 << 10

  private let connection: Connection
  private let isChunked: Bool
  /// False for HEAD: what is written is thrown away.
  private let isWanted: Bool
  private var waiting: UnsafeContinuation<Void, any Error>?
  /// Set when the body goes out as gzip.
  private var deflater: Deflater?
  private var compressed = GatheredBytes()
  /// The compressor has been given what a flush is needed for.
  private var holdsBack = false
  private(set) var isCancelled = false
  /// Bytes that have been queued, without the framing of chunks.
  private(set) var written = 0

  init(connection: Connection, isChunked: Bool, isWanted: Bool) {
    self.connection = connection
    self.isChunked = isChunked
    self.isWanted = isWanted
  }

  package func write(_ bytes: [UInt8]) async throws {
    bytes.withUnsafeBytes { put($0) }
    try await ready()
  }

  package func write(_ text: String) async throws {
    var text = text
    text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
    try await ready()
  }

  /// Queues bytes without waiting; call `ready` before there are many.
  package func put(_ bytes: UnsafeRawBufferPointer) {
    guard isWanted, !isCancelled, bytes.count > 0 else { return }
    guard let deflater else { return send(bytes) }
    deflater.compress(bytes, .none, into: &compressed)
    holdsBack = true
    if compressed.count >= Self.highWater { sendCompressed() }
  }

  /// What is written from now on goes out as gzip. The head says so already.
  func compress(level: Int) {
    // Without memory for it the body must not be sent as what it is not.
    guard let made = Deflater(.gzip, windowBits: 15, level: level, memoryLevel: 8) else { return connection.close() }
    deflater = made
  }

  private func sendCompressed() {
    send(compressed.bytes)
    compressed.removeAll(keepingUpTo: Self.highWater)
  }

  private func send(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    written += bytes.count
    if isChunked {
      var size: [UInt8] = Array(String(bytes.count, radix: 16).utf8)
      size.append(0x0d)
      size.append(0x0a)
      connection.write(size)
    }
    connection.write(bytes)
    if isChunked { connection.write("\r\n") }
  }

  /// Returns when the client has taken enough that more may be written. Throws `HTTPError` (closed) when it is gone.
  package func ready() async throws {
    guard !isCancelled else { throw HTTPError(.closed, "the client is gone") }
    if holdsBack, let deflater {
      // What has been written is to arrive, however long the next part takes.
      deflater.compress(UnsafeRawBufferPointer(start: nil, count: 0), .sync, into: &compressed)
      holdsBack = false
      sendCompressed()
    }
    guard connection.outboundCount > Self.highWater else { return }
    connection.flush()
    guard connection.isOpen else { throw HTTPError(.closed, "the client is gone") }
    guard connection.outboundCount > Self.highWater else { return }
    try await withUnsafeThrowingContinuation { waiting = $0 }
  }

  func finish() {
    if let deflater, isWanted, !isCancelled {
      deflater.compress(UnsafeRawBufferPointer(start: nil, count: 0), .finish, into: &compressed)
      sendCompressed()
    }
    if isChunked && isWanted { connection.write("0\r\n\r\n") }
  }

  func drained() {
    let continuation = waiting
    waiting = nil
    continuation?.resume()
  }

  func cancel() {
    isCancelled = true
    let continuation = waiting
    waiting = nil
    continuation?.resume(throwing: HTTPError(.closed, "the client is gone"))
  }
}
