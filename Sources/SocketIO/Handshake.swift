package import HTTP
package import Networking
package import Primitives

/// What a session keeps of the request that opened it; see `EngineIOConfiguration.retainedHeaders`.
package final class Handshake: Sendable {
  package let headers: HTTPHeaders
  /// Empty unless the configuration keeps it.
  package let query: HTTPQuery
  package let peer: SocketAddress?
  package let isSecure: Bool
  package let issued: Timestamp
  /// See `EngineIOConfiguration.tag`.
  package let tag: UInt8

  init(_ request: HTTPRequest, configuration: EngineIOConfiguration) {
    var kept = HTTPHeaders()
    for name in configuration.retainedHeaders {
      for value in request.headers.values(of: name) { kept.append(name, value) }
    }
    headers = kept
    query = configuration.retainsQuery ? request.query : HTTPQuery("")
    peer = request.peer
    isSecure = request.isSecure
    issued = .now()
    tag = configuration.tag?(request) ?? 0
  }
}
