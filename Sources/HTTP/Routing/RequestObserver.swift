/// Hears of each request that a router answers, before its handler and before its answer goes out: for identifiers,
/// metrics and logs. On the loop, within the request's own time, so it must be quick. What a mount answers does not
/// come here.
package protocol RequestObserver: AnyObject {
  func began(_ request: HTTPRequest, _ context: RequestContext)
  func answering(_ request: HTTPRequest, _ context: RequestContext, _ response: inout HTTPResponse)
}

extension RequestContext {
  /// Characters of a request's identifier that is taken over from the client.
  package static let identifierLimit = 128

  /// Whether a client's identifier may be taken over, into logs and answers: 1 to 128 letters, digits and `-_.:/+=@`.
  package static func isIdentifier(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard (1...identifierLimit).contains(bytes.count) else { return false }
    return bytes.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      default: "-_.:/+=@".utf8.contains(byte)
      }
    }
  }
}
