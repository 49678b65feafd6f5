/// An error for the client (RFC 9457). Thrown by a handler it becomes the answer.
package struct Problem: Error, Sendable, CustomStringConvertible {
  package enum Value: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case bool(Bool)
    case strings([String])
  }

  package var status: HTTPStatus
  /// What happened, for programs: stable, in snake case. It is the member `code`, and the end of `type`.
  package var code: String
  /// What happened, for people; the same for every occurrence of the code.
  package var title: String
  /// What happened this time. It goes to the client: nothing secret.
  package var detail: String?
  /// Further members.
  package var fields: [(name: String, value: Value)]
  /// Further fields of the answer's header: `Retry-After`, `WWW-Authenticate`.
  package var headers: HTTPHeaders

  package init(
    _ status: HTTPStatus, code: String, title: String? = nil, detail: String? = nil,
    fields: [(name: String, value: Value)] = [], headers: HTTPHeaders = HTTPHeaders()
  ) {
    self.status = status
    self.code = code
    self.title = title ?? "\(status.reason)"
    self.detail = detail
    self.fields = fields
    self.headers = headers
  }

  /// The answer, of type application/problem+json.
  package var response: HTTPResponse {
    var json = ProblemWriter()
    json.member("type", .string("urn:chatd:problem:\(code)"))
    json.member("title", .string(title))
    json.member("status", .integer(Int64(status.code)))
    json.member("code", .string(code))
    if let detail { json.member("detail", .string(detail)) }
    for (name, value) in fields { json.member(name, value) }
    return HTTPResponse(
      status: status, headers: headers, bytes: json.finish(), contentType: "application/problem+json")
  }

  package var description: String { "\(status.code) \(code)\(detail.map { ": \($0)" } ?? "")" }
}

/// An object of plain members.
private struct ProblemWriter {
  private var bytes: [UInt8] = [UInt8(ascii: "{")]

  mutating func member(_ name: String, _ value: Problem.Value) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    write(name)
    bytes.append(UInt8(ascii: ":"))
    switch value {
    case .string(let text): write(text)
    case .integer(let number): bytes.append(contentsOf: String(number).utf8)
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .strings(let texts):
      bytes.append(UInt8(ascii: "["))
      for (index, text) in texts.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(text)
      }
      bytes.append(UInt8(ascii: "]"))
    }
  }

  mutating func finish() -> [UInt8] {
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  private mutating func write(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
