package import HTTP
package import Networking

/// The chatd that is put under load, by the URL that apps know.
package struct LoadTarget: Sendable {
  /// Without a slash at its end.
  package let url: String
  /// Where sockets are opened.
  let socketURL: String
  private let tls: TLSClientContext

  /// - Parameters:
  ///   - url: `http://…` or `https://…`
  ///   - sockets: the gateway's, where that is another.
  package init(_ url: String, sockets: String? = nil, tls: TLSClientContext = TLSClientContext()) {
    self.url = Self.trimmed(url)
    socketURL = "ws\(Self.trimmed(sockets ?? url).dropFirst(4))/socket.io/?EIO=4&transport=websocket"
    self.tls = tls
  }

  private static func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

  func sockets(_ loop: EventLoop) -> WebSocketClient { WebSocketClient(loop: loop, tls: tls) }

  /// - Parameters:
  ///   - connections: those that are kept.
  ///   - timeout: for an answer.
  package func client(connections: Int, timeout: Duration, _ loop: EventLoop) -> HTTPClient {
    var configuration = HTTPClientConfiguration()
    configuration.tls = tls
    configuration.maxIdle = connections
    configuration.timeout = timeout
    return HTTPClient(configuration: configuration, loop: loop)
  }
}
