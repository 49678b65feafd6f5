import Load
import Networking

/// Where the program under test listens, and how it is spoken to.
struct DaemonAddress: Sendable {
  let socket: SocketAddress
  /// Nil without TLS.
  let tls: TLSClientContext?

  /// A connection that remains to be started.
  func connect(_ loop: EventLoop) async throws -> Connection {
    let connection = try await Connection.connect(to: socket, loop: loop)
    if let tls {
      try await tls.prepare()
      try connection.secure(tls, host: "localhost")
    }
    return connection
  }

  /// Makes a certificate in `folder` (`tls.pem`, `tls.key`: ECDSA, P-256) and a client that believes it.
  static func certify(_ folder: String, resumes: Bool) throws -> TLSClientContext {
    let code = Command.run(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "\(folder)/tls.key", "-out",
        "\(folder)/tls.pem",
      ])
    guard code == 0 else { throw LoadFailure("openssl made no certificate: exit code \(code)") }
    var configuration = TLSClientConfiguration(authorities: "\(folder)/tls.pem")
    configuration.resumes = resumes
    return TLSClientContext(configuration)
  }
}
