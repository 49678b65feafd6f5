/// What is known of the program that asks, for the list of the user's sessions.
package struct ClientInfo: Sendable {
  /// As it calls itself; 256 characters of it at most.
  package let userAgent: String?
  package let address: String?

  package init(userAgent: String? = nil, address: String? = nil) {
    self.userAgent = userAgent.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(256))) }
    self.address = address
  }
}
