/// A request to somebody else's server.
package struct CurlRequest: Sendable {
  package var method: String
  /// `http` or `https`.
  package var url: String
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]
  /// From the call to the end of the answer.
  package var timeout = Duration.seconds(30)
  /// For looking up, connecting and TLS.
  package var connectTimeout = Duration.seconds(10)
  /// Bytes of an answer's body; more is an error.
  package var maxBody = 1 << 20
  /// How many redirects are followed; none by default, and each is a new address to be allowed.
  package var redirects = 0

  package init(
    _ method: String = "GET", _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// The answer, whatever its status.
package struct CurlResponse: Sendable {
  package var status = 0
  /// In the order they came, names in lower case.
  package var headers: [(name: String, value: String)] = []
  package var body: [UInt8] = []

  /// The first field of that name.
  package subscript(_ name: String) -> String? {
    let name = name.lowercased()
    return headers.first { $0.name == name }?.value
  }
}
