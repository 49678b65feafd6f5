/// What went wrong in HTTP: on a server with what a client sent, on a client with what a server answered or with the
/// way there.
package struct HTTPError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Code: UInt8, Sendable {
    /// The message is not HTTP, or could be read in two ways.
    case malformed
    case headTooLarge, targetTooLong, bodyTooLarge
    case versionNotSupported, methodNotSupported, expectationFailed
    /// The handshake of a WebSocket is not one (RFC 6455, 4.2).
    case badHandshake
    /// The handshake asks for another version than 13.
    case upgradeRequired
    case timedOut
    /// The connection ended before the answer was complete.
    case closed
    case overloaded
    /// Not sent: the URL is not one that this client can reach.
    case badURL
  }

  package let code: Code
  package let reason: StaticString

  package init(_ code: Code, _ reason: StaticString) {
    self.code = code
    self.reason = reason
  }

  /// Whether the same request can succeed later.
  package var isRetriable: Bool {
    switch code {
    case .timedOut, .closed, .overloaded: true
    default: false
    }
  }

  /// What a server answers.
  package var status: HTTPStatus {
    switch code {
    case .malformed, .badHandshake, .closed, .badURL: .badRequest
    case .headTooLarge: .headTooLarge
    case .targetTooLong: .targetTooLong
    case .bodyTooLarge: .contentTooLarge
    case .versionNotSupported: .versionNotSupported
    case .methodNotSupported: .notImplemented
    case .expectationFailed: .expectationFailed
    case .upgradeRequired: .upgradeRequired
    case .timedOut: .requestTimeout
    case .overloaded: .serviceUnavailable
    }
  }

  /// What the client that caused it is told.
  package var problem: Problem {
    let name =
      switch code {
      case .malformed, .badHandshake, .closed, .badURL, .upgradeRequired: "bad_request"
      case .headTooLarge, .targetTooLong, .bodyTooLarge: "too_large"
      case .versionNotSupported, .methodNotSupported: "not_supported"
      case .expectationFailed: "expectation_failed"
      case .timedOut: "timed_out"
      case .overloaded: "overloaded"
      }
    return Problem(status, code: name, detail: description)
  }

  /// The answer to the client that caused it.
  package var response: HTTPResponse {
    var response = problem.response
    if code == .upgradeRequired {
      response.headers.append("upgrade", "websocket")
      response.headers.append("sec-websocket-version", "13")
    }
    return response
  }

  package var description: String { "\(reason)" }

  package static func == (a: HTTPError, b: HTTPError) -> Bool { a.code == b.code && a.description == b.description }
}
