package import HTTP

/// Which pages of other origins may read a server's answers (the Fetch standard, CORS protocol).
package struct CORSPolicy: Sendable {
  package enum Origins: Sendable {
    case any
    /// Whole origins as browsers send them: `https://chat.example`.
    case list([String])
  }

  package var origins: Origins
  /// Lets pages send cookies along; the origin is then named, never `*`.
  package var allowsCredentials: Bool
  /// How long a browser may remember a preflight.
  package var maxAge: Duration?

  package init(_ origins: Origins, credentials: Bool = false, maxAge: Duration? = nil) {
    self.origins = origins
    allowsCredentials = credentials
    self.maxAge = maxAge
  }

  /// Adds what every answer bears, errors too.
  package func add(to headers: inout HTTPHeaders, for request: HTTPRequest) {
    switch origins {
    case .any where !allowsCredentials:
      headers.append("Access-Control-Allow-Origin", "*")
    case .any:
      headers.append("Vary", "Origin")
      guard let origin = request.headers["origin"] else { return }
      headers.append("Access-Control-Allow-Origin", origin)
    case .list(let allowed):
      headers.append("Vary", "Origin")
      guard let origin = request.headers["origin"], allowed.contains(origin) else { return }
      headers.append("Access-Control-Allow-Origin", origin)
    }
    if allowsCredentials { headers.append("Access-Control-Allow-Credentials", "true") }
  }

  /// The answer to an OPTIONS request.
  package func preflight(_ request: HTTPRequest) -> HTTPResponse {
    var response = HTTPResponse(status: .noContent)
    add(to: &response.headers, for: request)
    response.headers.append("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
    response.headers.append("Vary", "Access-Control-Request-Headers")
    if let wanted = request.headers["access-control-request-headers"] {
      response.headers.append("Access-Control-Allow-Headers", wanted)
    }
    if let maxAge { response.headers.append("Access-Control-Max-Age", "\(maxAge.components.seconds)") }
    return response
  }
}
