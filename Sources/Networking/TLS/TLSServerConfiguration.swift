/// What a listener shows, and asks, of those who connect.
package struct TLSServerConfiguration: Hashable, Sendable {
  package enum ClientCertificates: Hashable, Sendable {
    case none
    /// Asked for; one that is sent must be signed by an authority of the file.
    case optional(authorities: String)
    /// Nobody gets in without one.
    case required(authorities: String)

    package var authorities: String? {
      switch self {
      case .none: nil
      case .optional(let path), .required(let path): path
      }
    }
  }

  /// The first is shown to clients that name no server, or one that no certificate has.
  package var files: [TLSFiles]
  package var minimumVersion = TLSVersion.v12
  package var clientCertificates = ClientCertificates.none
  /// ALPN (RFC 7301): a client that offers others only is refused. Empty: not negotiated.
  package var protocols = ["http/1.1"]
  /// From the connect to the end of the handshake.
  package var handshakeTimeout = Duration.seconds(10)
  /// Handshakes of one loop that may be under way; one more ends the oldest.
  package var handshakeLimit = 4096

  package init(files: [TLSFiles]) { self.files = files }
}
