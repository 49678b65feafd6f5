/// A response to send, or one that `HTTPClient` has received.
///
/// A server adds `Date`, `Content-Length` or `Transfer-Encoding`, and `Connection`; it leaves out those that are set
/// here, but `Connection: close`, which it obeys.
package struct HTTPResponse: Sendable {
  package var status: HTTPStatus
  package var headers: HTTPHeaders
  package var body: HTTPBody

  package init(status: HTTPStatus = .ok, headers: HTTPHeaders = HTTPHeaders(), body: HTTPBody = .empty) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  package init(
    status: HTTPStatus = .ok, headers: HTTPHeaders = HTTPHeaders(), bytes: [UInt8], contentType: String
  ) {
    self.init(status: status, headers: headers, body: .bytes(bytes))
    self.headers.append("content-type", contentType)
  }

  /// UTF-8 text.
  package init(status: HTTPStatus = .ok, headers: HTTPHeaders = HTTPHeaders(), text: String) {
    self.init(status: status, headers: headers, bytes: Array(text.utf8), contentType: "text/plain; charset=utf-8")
  }

  /// JSON that is written already.
  package init(status: HTTPStatus = .ok, headers: HTTPHeaders = HTTPHeaders(), json: [UInt8]) {
    self.init(status: status, headers: headers, bytes: json, contentType: "application/json")
  }

  /// The body's bytes; empty when there are none, or they are streamed.
  package var bytes: [UInt8] {
    if case .bytes(let bytes) = body { bytes } else { [] }
  }
}
