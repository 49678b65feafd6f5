/// A response's body.
package enum HTTPBody: Sendable {
  case empty
  case bytes([UInt8])
  /// Written as it comes about: in chunks, or until the connection's end for a client of HTTP/1.0. The producer runs on
  /// the loop when the response's turn has come; what it throws cuts the connection off, so that the client does not
  /// take the part for the whole.
  case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
  /// The same for a body whose length is known: exactly so many bytes are written, or the connection is cut off. It is not
  /// compressed.
  case sized(Int, @Sendable (HTTPBodyWriter) async throws -> Void)
}
