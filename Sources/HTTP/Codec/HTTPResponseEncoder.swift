import CLinux
import Networking

/// Writes the heads of responses (RFC 9112, 4) into one buffer that all connections of a server share, and from there
/// into the connection's: no allocation per response.
final class HTTPResponseEncoder {
  /// How the end of the body is told.
  enum Framing: Equatable {
    case none
    case length(Int)
    case chunked
    case untilClose
  }

  enum Persistence {
    case implied, keepAlive, close
  }

  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity = 4096
  private var count = 0
  /// `date: …` with CRLF, made once a second.
  private let dateLine = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
  private var dateLineCount = 0
  /// Monotonic, in nanoseconds.
  private var dateExpiry: UInt64 = 0

  /// Bodies up to this size are copied along with the head: one write instead of two.
  private static let inlineBody = 2048

  /// Fields of every answer that does not set them itself.
  private let common: HTTPHeaders

  init(common: HTTPHeaders = HTTPHeaders()) {
    self.common = common
    buffer = .allocate(capacity: capacity)
  }

  deinit {
    buffer.deallocate()
    dateLine.deallocate()
  }

  /// Writes the head, and `body` after it.
  func write(
    _ response: borrowing HTTPResponse, framing: Framing, persistence: Persistence, body: UnsafeRawBufferPointer?,
    to connection: Connection
  ) {
    count = 0
    reserve(response.headers.bytes.count + common.bytes.count + 256 + Self.inlineBody)
    putStatusLine(response.status)
    if !response.headers.contains("date") {
      refreshDate(connection.loop.now)
      put(dateLine, dateLineCount)
    }
    switch framing {
    case .none: break
    case .length(let length):
      put("content-length: ")
      put(decimal: length)
      put("\r\n")
    case .chunked: put("transfer-encoding: chunked\r\n")
    case .untilClose: break
    }
    switch persistence {
    case .implied: break
    case .keepAlive: put("connection: keep-alive\r\n")
    case .close: put("connection: close\r\n")
    }
    putFields(response.headers)
    if !common.isEmpty { putCommon(except: response.headers) }
    put("\r\n")
    guard let body, let base = body.baseAddress, body.count > 0 else { return flush(to: connection) }
    if body.count <= Self.inlineBody {
      put(base.assumingMemoryBound(to: UInt8.self), body.count)
      return flush(to: connection)
    }
    flush(to: connection)
    connection.write(body)
  }

  private func flush(to connection: Connection) {
    connection.write(UnsafeRawBufferPointer(start: buffer, count: count))
  }

  private func putStatusLine(_ status: HTTPStatus) {
    if status.code == 200 { return put("HTTP/1.1 200 OK\r\n") }
    put("HTTP/1.1 ")
    put(decimal: Int(status.code))
    put(" ")
    put(status.reason)
    put("\r\n")
  }

  /// The framing is decided here and nowhere else: fields about it that a handler has set do not go out.
  private func putFields(_ headers: borrowing HTTPHeaders) {
    if headers.contains("content-length") || headers.contains("transfer-encoding") || headers.contains("connection") {
      var copy = copy headers
      copy.remove("content-length")
      copy.remove("transfer-encoding")
      copy.remove("connection")
      return putLines(copy)
    }
    putLines(headers)
  }

  /// As a rule an answer sets none of them: then that is one copy.
  private func putCommon(except headers: borrowing HTTPHeaders) {
    guard headers.present & common.present != 0 else { return putLines(common) }
    var rest = common
    common.forEach { name, _ in if headers[name] != nil { rest.remove(name) } }
    putLines(rest)
  }

  private func putLines(_ headers: borrowing HTTPHeaders) {
    let start = headers.start
    headers.bytes.withUnsafeBufferPointer {
      if let base = $0.baseAddress { put(base + start, $0.count - start) }
    }
  }

  private func refreshDate(_ now: UInt64) {
    guard now >= dateExpiry else { return }
    let microseconds = clinux_realtime_us()
    dateExpiry = now + UInt64(1_000_000 - microseconds % 1_000_000) * 1000
    let name: StaticString = "date: "
    dateLine.update(from: name.utf8Start, count: 6)
    HTTPDate.write(secondsSince1970: microseconds / 1_000_000, into: dateLine + 6)
    dateLine[6 + HTTPDate.count] = 0x0d
    dateLine[7 + HTTPDate.count] = 0x0a
    dateLineCount = 8 + HTTPDate.count
  }

  // MARK: Bytes

  private func reserve(_ wanted: Int) {
    guard wanted > capacity else { return }
    buffer.deallocate()
    capacity = wanted
    buffer = .allocate(capacity: capacity)
  }

  @inline(__always)
  private func put(_ bytes: UnsafePointer<UInt8>, _ size: Int) {
    (buffer + count).update(from: bytes, count: size)
    count += size
  }

  @inline(__always)
  private func put(_ text: StaticString) { put(text.utf8Start, text.utf8CodeUnitCount) }

  private func put(decimal value: Int) {
    if value < 10 {
      buffer[count] = 0x30 + UInt8(truncatingIfNeeded: value)
      count += 1
      return
    }
    var width = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      width += 1
    }
    rest = value
    for index in stride(from: count + width - 1, through: count, by: -1) {
      buffer[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    count += width
  }
}
