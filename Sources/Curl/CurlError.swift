import CCurl

/// Why a request has no answer.
package struct CurlError: Error, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Not an `http` or `https` URL, or a field that cannot be sent.
    case badRequest
    /// The address is not one that may be connected to.
    case forbiddenAddress
    /// The name has no address.
    case resolution
    /// Nobody listens, or the network is down.
    case unreachable
    /// The certificate is not to be believed, or there is no common TLS.
    case untrusted
    case timedOut
    /// The server has closed, or broken off.
    case broken
    /// The answer is larger than allowed.
    case tooLarge
    case cancelled
    /// Too many requests are under way.
    case overloaded
    /// The client has been closed.
    case closed
    case failed
  }

  package var code: Code
  package var reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  /// Whether the same request can succeed later.
  package var isRetriable: Bool {
    switch code {
    case .resolution, .unreachable, .timedOut, .broken, .overloaded, .failed: true
    case .badRequest, .forbiddenAddress, .untrusted, .tooLarge, .cancelled, .closed: false
    }
  }

  package var description: String { reason }

  init(_ result: CURLcode, detail: String) {
    let code: Code =
      switch result {
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badRequest
      case CURLE_COULDNT_RESOLVE_HOST: .resolution
      case CURLE_COULDNT_CONNECT: .unreachable
      case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
        .untrusted
      case CURLE_OPERATION_TIMEDOUT: .timedOut
      case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
        CURLE_WEIRD_SERVER_REPLY:
        .broken
      case CURLE_FILESIZE_EXCEEDED: .tooLarge
      default: .failed
      }
    self.init(code, detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail)
  }
}
