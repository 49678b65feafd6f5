import JSON

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
    var json = JSONWriter()
    json.beginObject()
    json.field("type", "urn:chatd:problem:\(code)")
    json.field("title", title)
    json.field("status", Int(status.code))
    json.field("code", code)
    if let detail { json.field("detail", detail) }
    for (name, value) in fields {
      json.key(name)
      switch value {
      case .string(let text): json.value(text)
      case .integer(let number): json.value(number)
      case .bool(let flag): json.value(flag)
      case .strings(let texts):
        json.beginArray()
        for text in texts { json.value(text) }
        json.endArray()
      }
    }
    json.endObject()
    return HTTPResponse(
      status: status, headers: headers, bytes: json.bytes, contentType: "application/problem+json")
  }

  package var description: String { "\(status.code) \(code)\(detail.map { ": \($0)" } ?? "")" }
}
