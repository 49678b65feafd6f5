/// What a WebSocket puts up with.
package struct WebSocketOptions: Sendable {
  /// Bytes of a message, its fragments together. Beyond: closed with 1009.
  package var maxMessageSize = 1 << 20
  /// Bytes that may wait to be sent before the connection is closed as a slow receiver.
  package var outboundLimit = 4 << 20
  /// How long the peer may take to answer a close frame.
  package var closeTimeout = Duration.seconds(5)
  /// The subprotocol chosen from the client's offer, if any (RFC 6455, 4.2.2).
  package var subprotocol: String?
  /// permessage-deflate: what a server agrees to, or a client offers. Nil for none.
  package var compression: WebSocketCompression?

  package init() {}
}

/// What a WebSocket tells its owner, always on its loop. Payloads are valid during the call.
package protocol WebSocketHandler: AnyObject {
  /// A complete text message; it is valid UTF-8.
  func received(text: UnsafeRawBufferPointer)
  func received(binary: UnsafeRawBufferPointer)
  /// Over; called exactly once and last. 1005: a close frame without a code; 1006: none came (RFC 6455, 7.4.1).
  func closed(code: UInt16, reason: String)
  /// All that was sent has gone out after the socket had been full.
  func drained()
}

extension WebSocketHandler {
  package func drained() {}
}
