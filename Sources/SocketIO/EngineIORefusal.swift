/// Why a request is not served, with the code and message that clients know.
package enum EngineIORefusal: UInt8, Error, Sendable {
  case unknownTransport = 0
  case unknownSession = 1
  case badHandshakeMethod = 2
  case badRequest = 3
  case forbidden = 4
  case unsupportedProtocol = 5

  package var message: StaticString {
    switch self {
    case .unknownTransport: "Transport unknown"
    case .unknownSession: "Session ID unknown"
    case .badHandshakeMethod: "Bad handshake method"
    case .badRequest: "Bad request"
    case .forbidden: "Forbidden"
    case .unsupportedProtocol: "Unsupported protocol version"
    }
  }

  /// Only an unsupported protocol or a forbidden origin stay as they are; a client that asks for a new session may well
  /// be served.
  package var isRetriable: Bool { self == .unknownSession }
}
