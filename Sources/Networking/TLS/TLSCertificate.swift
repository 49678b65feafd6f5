/// A certificate that somebody has shown, for those who watch when it ends.
package struct TLSCertificate: Sendable, Equatable {
  /// As RFC 2253 writes it: `CN=chat.example.com`.
  package let subject: String
  /// Seconds since 1970.
  package let notAfter: Int64
}
