import JSON
import Networking
import TestSupport

/// An answer of the HTTP API.
struct Answer: Sendable {
  var status: Int
  /// By lower-case name; the last of equals.
  var headers: [String: String]
  /// The values of all `Set-Cookie`.
  var cookies: [String] = []
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  /// A problem without the identifier of its request, which is another each time.
  var wording: String {
    guard let start = text.firstRange(of: ",\"requestId\":\"") else { return text }
    return String(text[..<start.lowerBound] + text[start.upperBound...].drop { $0 != "\"" }.dropFirst())
  }

  /// The body's JSON; a test fails here when it is none.
  var json: JSONValue {
    get throws {
      do {
        return try JSONDocument(parsing: body).root
      } catch {
        throw TestFailure("status \(status), and the body is no JSON: '\(text.prefix(200))'")
      }
    }
  }

  subscript(key: String) -> JSONValue? { try? json[key] }

  /// A string of the body, by its path: `user.id`.
  func string(_ path: String) throws -> String {
    var value: JSONValue? = try json
    for key in path.split(separator: ".") { value = value?[String(key)] }
    guard let text = value?.string else { throw TestFailure("no \(path) in \(status) '\(self.text.prefix(300))'") }
    return text
  }

  func int(_ key: String) throws -> Int {
    guard let number = self[key]?.int else { throw TestFailure("no \(key) in \(status) '\(text.prefix(300))'") }
    return number
  }

  /// Throws unless the status is the expected one, with what was answered instead.
  @discardableResult
  func expect(_ status: Int) throws -> Answer {
    guard self.status == status else { throw TestFailure("status \(self.status), not \(status): \(text.prefix(500))") }
    return self
  }
}

/// The connection broke before the answer had come: nobody knows what became of the request.
struct Unanswered: Error, CustomStringConvertible {
  let description: String
}

/// One HTTP/1.1 connection of a client of the API, on a loop. Requests go one after the other, and the connection is
/// made anew when it was closed.
final class APIClient: @unchecked Sendable {
  let loop: EventLoop
  let port: UInt16
  /// The bearer token that goes with each request.
  var token: String?
  private var socket: RawSocket?

  init(port: UInt16, loop: EventLoop, token: String? = nil) {
    self.port = port
    self.loop = loop
    self.token = token
  }

  /// Throws `Unanswered` when the connection broke or could not be made.
  func request(
    _ method: String, _ path: String, _ body: JSONLiteral? = nil, headers: [String: String] = [:],
    within limit: Duration = .seconds(30)
  ) async throws -> Answer {
    try await request(method, path, bytes: body?.bytes, headers: headers, within: limit)
  }

  func request(
    _ method: String, _ path: String, bytes: [UInt8]?, headers: [String: String] = [:],
    within limit: Duration = .seconds(30)
  ) async throws -> Answer {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
    if let token, headers["Authorization"] == nil { head += "Authorization: Bearer \(token)\r\n" }
    if let bytes {
      if headers["Content-Type"] == nil { head += "Content-Type: application/json\r\n" }
      head += "Content-Length: \(bytes.count)\r\n"
    }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    do {
      let socket: RawSocket
      if let open = self.socket, !open.isEnded {
        socket = open
      } else {
        socket = try await RawSocket.connect(to: port, loop)
        self.socket = socket
      }
      socket.write(Array("\(head)\r\n".utf8) + (bytes ?? []))
      return try await Self.answer(on: socket, hasBody: method != "HEAD", within: limit)
    } catch {
      self.socket?.close()
      self.socket = nil
      throw Unanswered(description: "\(method) \(path): \(error)")
    }
  }

  func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
    try await request("GET", path, headers: headers)
  }

  func post(_ path: String, _ body: JSONLiteral, headers: [String: String] = [:]) async throws -> Answer {
    try await request("POST", path, body, headers: headers)
  }

  func patch(_ path: String, _ body: JSONLiteral) async throws -> Answer { try await request("PATCH", path, body) }

  func delete(_ path: String) async throws -> Answer { try await request("DELETE", path) }

  func close() {
    socket?.close()
    socket = nil
  }

  // MARK: The answer (RFC 9112)

  static func answer(on socket: RawSocket, hasBody: Bool, within limit: Duration) async throws -> Answer {
    var end: Int?
    while end == nil {
      end = socket.input.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
      if end == nil, try await !socket.more(within: limit) { throw TestFailure("the server closed without an answer") }
    }
    let head = String(decoding: socket.take(end ?? 0), as: UTF8.self)
    var lines = head.split(separator: "\r\n").map(String.init)
    let first = lines.removeFirst().split(separator: " ")
    guard first.count >= 2, first[0] == "HTTP/1.1", let status = Int(first[1]) else {
      throw TestFailure("no status line: \(head.prefix(100))")
    }
    var headers: [String: String] = [:]
    var cookies: [String] = []
    for line in lines {
      guard let colon = line.firstIndex(of: ":") else { throw TestFailure("no header line: '\(line)'") }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmed
      if line[..<colon].lowercased() == "set-cookie" { cookies.append(line[line.index(after: colon)...].trimmed) }
    }
    var answer = Answer(status: status, headers: headers, cookies: cookies, body: [])
    guard hasBody, status != 204, status != 304, status >= 200 else { return answer }
    if headers["transfer-encoding"] == "chunked" {
      while true {
        guard let at = socket.input.firstRange(of: Array("\r\n".utf8)) else {
          guard try await socket.more(within: limit) else { throw TestFailure("the body ended early") }
          continue
        }
        let line = String(decoding: socket.input[..<at.lowerBound], as: UTF8.self)
        guard let size = Int(line, radix: 16) else { throw TestFailure("no chunk size: '\(line)'") }
        while socket.input.count < at.upperBound + size + 2 {
          guard try await socket.more(within: limit) else { throw TestFailure("the body ended early") }
        }
        _ = socket.take(at.upperBound)
        answer.body += socket.take(size)
        _ = socket.take(2)
        if size == 0 { return answer }
      }
    }
    guard let length = headers["content-length"].flatMap({ Int($0) }) else {
      throw TestFailure("an answer without Content-Length")
    }
    while socket.input.count < length {
      guard try await socket.more(within: limit) else { throw TestFailure("the body ended early") }
    }
    answer.body = socket.take(length)
    return answer
  }
}

extension StringProtocol {
  /// Without the spaces around it.
  fileprivate var trimmed: String {
    var rest = self[...]
    while rest.first == " " { rest = rest.dropFirst() }
    while rest.last == " " { rest = rest.dropLast() }
    return String(rest)
  }
}
