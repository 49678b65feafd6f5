/// A response's status (RFC 9110, 15).
package struct HTTPStatus: Hashable, Sendable, CustomStringConvertible {
  package let code: UInt16

  /// A three-digit code; others are a programmer's mistake.
  @inlinable
  package init(_ code: UInt16) { self.code = code }

  @inlinable package static var switchingProtocols: HTTPStatus { HTTPStatus(101) }
  @inlinable package static var ok: HTTPStatus { HTTPStatus(200) }
  @inlinable package static var created: HTTPStatus { HTTPStatus(201) }
  @inlinable package static var accepted: HTTPStatus { HTTPStatus(202) }
  @inlinable package static var noContent: HTTPStatus { HTTPStatus(204) }
  @inlinable package static var partialContent: HTTPStatus { HTTPStatus(206) }
  @inlinable package static var seeOther: HTTPStatus { HTTPStatus(303) }
  @inlinable package static var notModified: HTTPStatus { HTTPStatus(304) }
  @inlinable package static var badRequest: HTTPStatus { HTTPStatus(400) }
  @inlinable package static var unauthorized: HTTPStatus { HTTPStatus(401) }
  @inlinable package static var forbidden: HTTPStatus { HTTPStatus(403) }
  @inlinable package static var notFound: HTTPStatus { HTTPStatus(404) }
  @inlinable package static var methodNotAllowed: HTTPStatus { HTTPStatus(405) }
  @inlinable package static var notAcceptable: HTTPStatus { HTTPStatus(406) }
  @inlinable package static var requestTimeout: HTTPStatus { HTTPStatus(408) }
  @inlinable package static var conflict: HTTPStatus { HTTPStatus(409) }
  @inlinable package static var gone: HTTPStatus { HTTPStatus(410) }
  @inlinable package static var preconditionFailed: HTTPStatus { HTTPStatus(412) }
  @inlinable package static var contentTooLarge: HTTPStatus { HTTPStatus(413) }
  @inlinable package static var targetTooLong: HTTPStatus { HTTPStatus(414) }
  @inlinable package static var unsupportedMediaType: HTTPStatus { HTTPStatus(415) }
  @inlinable package static var rangeNotSatisfiable: HTTPStatus { HTTPStatus(416) }
  @inlinable package static var expectationFailed: HTTPStatus { HTTPStatus(417) }
  @inlinable package static var unprocessableContent: HTTPStatus { HTTPStatus(422) }
  @inlinable package static var upgradeRequired: HTTPStatus { HTTPStatus(426) }
  @inlinable package static var tooManyRequests: HTTPStatus { HTTPStatus(429) }
  @inlinable package static var headTooLarge: HTTPStatus { HTTPStatus(431) }
  @inlinable package static var internalServerError: HTTPStatus { HTTPStatus(500) }
  @inlinable package static var notImplemented: HTTPStatus { HTTPStatus(501) }
  @inlinable package static var badGateway: HTTPStatus { HTTPStatus(502) }
  @inlinable package static var serviceUnavailable: HTTPStatus { HTTPStatus(503) }
  @inlinable package static var gatewayTimeout: HTTPStatus { HTTPStatus(504) }
  @inlinable package static var versionNotSupported: HTTPStatus { HTTPStatus(505) }

  package var isSuccess: Bool { code >= 200 && code < 300 }

  /// A response with this status has no body, whatever its fields say (RFC 9112, 6.3).
  package var forbidsBody: Bool { code < 200 || code == 204 || code == 304 }

  package var reason: StaticString {
    switch code {
    case 100: "Continue"
    case 101: "Switching Protocols"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 416: "Range Not Satisfiable"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 426: "Upgrade Required"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
  }

  package var description: String { "\(code) \(reason)" }
}
