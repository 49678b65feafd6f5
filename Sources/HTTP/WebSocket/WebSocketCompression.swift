/// permessage-deflate (RFC 7692) as one end is willing to have it; the handshake settles on what both are.
///
/// What it costs. A compressor with its context kept from message to message (takeover) takes
/// 2^(window bits + 2) + 2^(memory level + 9) bytes a connection, 256 KiB with the usual 15 and 8; a decompressor takes
/// 2^(window bits) + 7 KiB. Without takeover, the default, one of each serves a whole loop and an idle connection holds
/// nothing; a broadcast is compressed once a loop. The price is that messages under a few hundred bytes, which repeat
/// each other and not themselves, shrink little: those below `threshold` go as they are.
package struct WebSocketCompression: Sendable, Equatable {
  /// Whether the server's compressor may refer to earlier messages, where the client lets it.
  package var serverContextTakeover = false
  /// Whether the client's may.
  package var clientContextTakeover = false
  /// The window of what the server sends, as a power of two: 8 to 15.
  package var serverMaxWindowBits = 15
  /// The window of what the client sends. A server can ask it only of a client that offers to obey.
  package var clientMaxWindowBits = 15
  /// Messages of fewer bytes are sent as they are.
  package var threshold = 1024
  /// 1 (fast) to 9 (small).
  package var level = 1
  /// zlib's memory level, 1 to 9: the size of the compressor's tables.
  package var memoryLevel = 8

  package init() {}
}
