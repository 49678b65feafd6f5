import Glibc
import Networking
import TestCertificates
import Testing

/// Both ends of a TLS connection on one loop, and what they were made from.
struct SecurePair {
  let client: Peer
  let server: Peer

  static func make(
    _ loop: EventLoop, _ server: TLSServerContext, _ client: TLSClientContext, host: String = "localhost"
  ) async throws -> SecurePair {
    let condition = Condition(loop)
    var accepted: Peer?
    let listener = try Listener(.loopback(port: 0), loop: loop) { connection in
      #expect(throws: Never.self) { try connection.secure(server) }
      let peer = Peer(connection)
      connection.start(peer)
      accepted = peer
      condition.signal()
    }
    let connection = try await Connection.connect(to: listener.address, loop: loop)
    try await client.prepare()
    try connection.secure(client, host: host)
    let peer = Peer(connection)
    connection.start(peer)
    try await condition.wait("accept") { accepted != nil }
    listener.close()
    return SecurePair(client: peer, server: try #require(accepted))
  }

  func greet() async throws {
    client.connection.write("hello")
    try await server.waitForBytes(5)
  }
}

func files(_ made: (certificate: String, key: String)) -> TLSFiles {
  TLSFiles(certificate: made.certificate, key: made.key)
}

/// What most tests need: an authority, a server with one certificate, a client that believes the authority.
func installation() throws -> (TLSAuthority, TLSServerContext, TLSClientContext) {
  let authority = try TLSAuthority()
  let server = try TLSServerContext(TLSServerConfiguration(files: [files(authority.issue("server"))]))
  return (authority, server, TLSClientContext(TLSClientConfiguration(authorities: authority.certificate)))
}
