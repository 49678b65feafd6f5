package import Networking

/// One end's permessage-deflate (RFC 7692) of one connection: compresses whole messages, decompresses them part by part.
///
/// Where a direction has context takeover, its zlib state is made with the first message and lives as long as the
/// connection. Where it has none, the state is borrowed from the loop's pool: for the time of a call to compress, for the
/// time of a message to decompress.
package final class PerMessageDeflate {
  private let pool: CompressionPool
  private let key: CompressionPool.Key
  private let sendsWithContext: Bool
  private let receivesWithContext: Bool
  private let receiveWindowBits: Int
  let threshold: Int
  /// Kept with takeover only.
  private var deflater: Deflater?
  /// With takeover, or within a message.
  private var inflater: Inflater?

  /// Without a loop for a test of the machines.
  package init(
    _ agreed: PerMessageDeflateParameters, role: WebSocketDecoder.Role, _ own: WebSocketCompression,
    loop: EventLoop? = nil
  ) {
    pool = loop.map { CompressionPool.of($0) } ?? CompressionPool()
    let isServer = role == .server
    sendsWithContext = isServer ? !agreed.serverNoContextTakeover : !agreed.clientNoContextTakeover
    receivesWithContext = isServer ? !agreed.clientNoContextTakeover : !agreed.serverNoContextTakeover
    receiveWindowBits = isServer ? agreed.clientMaxWindowBits : agreed.serverMaxWindowBits
    key = CompressionPool.Key(
      windowBits: isServer ? agreed.serverMaxWindowBits : agreed.clientMaxWindowBits, level: own.level,
      memoryLevel: own.memoryLevel)
    // An empty message has nothing to compress.
    threshold = max(own.threshold, 1)
  }

  // MARK: Sending

  /// Calls `body` with the compressed message; nil when it is better sent as it is. Not for fewer bytes than `threshold`.
  package func compress<Result>(
    _ payload: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result? {
    if sendsWithContext, deflater == nil { deflater = key.make() }
    // Without memory for it the message goes as it is.
    guard let deflater = sendsWithContext ? deflater : pool.deflater(key) else { return nil }
    pool.output.removeAll(keepingUpTo: CompressionPool.outputKept)
    deflater.compress(payload, .sync, into: &pool.output)
    // The empty block at the end is the receiver's to add (RFC 7692, 7.2.1).
    pool.output.removeLast(4)
    // With a context the receiver must see what the compressor has seen.
    guard sendsWithContext || pool.output.count < payload.count else { return nil }
    return body(pool.output.bytes)
  }

  /// The bytes of a frame for many receivers as this one gets it.
  func bytes(of frame: WebSocketFrame) -> [UInt8] {
    guard frame.payloadCount >= threshold else { return frame.bytes }
    guard !sendsWithContext else { return compressed(frame) }
    return pool.frame(for: frame.bytes, key) { compressed(frame) }
  }

  private func compressed(_ frame: WebSocketFrame) -> [UInt8] {
    frame.withPayload { payload in
      compress(payload) { WebSocketFrame(frame.opcode, $0, isCompressed: true).bytes }
    } ?? frame.bytes
  }

  // MARK: Receiving

  /// Decompresses a part of a message.
  func inflate(_ part: UnsafeRawBufferPointer, into out: inout GatheredBytes, limit: Int) -> Inflater.Outcome {
    if inflater == nil {
      inflater =
        receivesWithContext
        ? Inflater(windowBits: receiveWindowBits) : pool.takeInflater(windowBits: receiveWindowBits)
    }
    guard let inflater else { return .tooLarge }
    return inflater.inflate(part, into: &out, limit: limit)
  }

  /// The message is complete.
  func finishMessage(into out: inout GatheredBytes, limit: Int) -> Inflater.Outcome {
    guard let inflater else { return .ok }
    let outcome = inflater.finishMessage(into: &out, limit: limit)
    if !receivesWithContext {
      self.inflater = nil
      pool.give(inflater, windowBits: receiveWindowBits)
    }
    return outcome
  }
}
