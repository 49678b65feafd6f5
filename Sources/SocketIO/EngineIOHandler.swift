/// What an Engine.IO server tells whoever uses it without Socket.IO. Always on the server's loop.
package protocol EngineIOHandler: AnyObject {
  /// The open packet is out.
  func opened(_ session: EngineIOSession)
  /// A text message; the bytes are valid during the call.
  func received(text: UnsafeRawBufferPointer, from session: EngineIOSession)
  /// A binary message; the bytes are valid during the call.
  func received(binary: UnsafeRawBufferPointer, from session: EngineIOSession)
  /// The session is over: called once, last.
  func closed(_ session: EngineIOSession, _ reason: DisconnectReason)
}

/// A session that tells its server's handler.
final class HandledSession: EngineIOSession, @unchecked Sendable {
  private let handler: any EngineIOHandler

  init(_ opening: EngineIOSession.Opening, handler: any EngineIOHandler) {
    self.handler = handler
    super.init(opening)
  }

  override func opened() { handler.opened(self) }
  override func received(message text: UnsafeRawBufferPointer) { handler.received(text: text, from: self) }
  override func received(binaryMessage bytes: UnsafeRawBufferPointer) { handler.received(binary: bytes, from: self) }
  override func ended(_ reason: DisconnectReason) { handler.closed(self, reason) }
}
