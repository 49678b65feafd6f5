import COpenSSL

/// A version of the protocol; what is older than 1.2 is never spoken.
package enum TLSVersion: String, Sendable, CaseIterable {
  case v12 = "1.2"
  case v13 = "1.3"

  var number: Int32 { self == .v12 ? TLS1_2_VERSION : TLS1_3_VERSION }
}
