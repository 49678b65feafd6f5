/// In which field a proxy says whom a request comes from.
package enum ForwardedField: String, Sendable, CaseIterable {
  case xForwardedFor = "x-forwarded-for"
  /// RFC 7239.
  case forwarded
}
