import COpenSSL

/// What the TLS connections of one loop share: the bytes on their way into and out of OpenSSL, room for what has been
/// decrypted, and the handshakes under way. On its loop's thread only.
final class TLSTransport {
  /// One for the process; OpenSSL's objects refer to it until they end.
  nonisolated(unsafe) static let method = copenssl_transport_method()

  /// Room for all that one receive can bring, and for the record that the ones before it have left incomplete.
  let plain = UnsafeMutableRawBufferPointer.allocate(byteCount: 96 << 10, alignment: 64)
  let bytes = UnsafeMutablePointer<copenssl_transport>.allocate(capacity: 1)
  /// A list, the oldest first.
  private var oldest: TLSSession?
  private var youngest: TLSSession?
  private var count = 0

  init() { bytes.initialize(to: copenssl_transport()) }

  deinit {
    free(bytes.pointee.output)
    bytes.deallocate()
    plain.deallocate()
  }

  /// Notes a handshake that begins; the one that must end for it, if any.
  func begin(_ session: TLSSession, limit: Int) -> TLSSession? {
    session.older = youngest
    youngest?.younger = session
    youngest = session
    if oldest == nil { oldest = session }
    count += 1
    return count > limit ? oldest : nil
  }

  func end(_ session: TLSSession) {
    guard session.older != nil || oldest === session else { return }
    if oldest === session { oldest = session.younger } else { session.older?.younger = session.younger }
    if youngest === session { youngest = session.older } else { session.younger?.older = session.older }
    session.younger = nil
    session.older = nil
    count -= 1
  }
}

extension EventLoop {
  /// Made for the first TLS connection of the loop.
  var tls: TLSTransport {
    if let tlsTransport { return tlsTransport }
    let made = TLSTransport()
    tlsTransport = made
    return made
  }
}
