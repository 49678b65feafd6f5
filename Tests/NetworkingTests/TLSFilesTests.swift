import Glibc
import Networking
import TestCertificates
import Testing

/// Both ends of a TLS connection on one loop, and what they were made from.

@Suite("TLS files")
struct TLSFilesTests {
  @Test("what is wrong with a file is said in one line: what, where, what to do")
  func errors() throws {
    let authority = try TLSAuthority()
    let good = try authority.issue("good")
    let other = try authority.issue("other")
    let rsa = try authority.issue("rsa", rsa: true)
    let folder = authority.folder
    _ = TLSAuthority.shell(
      "echo nothing > \(folder)/junk; openssl pkey -in \(good.key) -aes128 -passout pass:x -out \(folder)/locked")
    func code(_ certificate: String, _ key: String) -> TLSError.Code? {
      do throws(TLSError) {
        _ = try TLSServerContext(
          TLSServerConfiguration(files: [TLSFiles(certificate: certificate, key: key)]))
        return nil
      } catch {
        #expect(!"\(error)".contains("\n") && "\(error)".contains("; "), "\(error)")
        #expect("\(error)".hasPrefix(error.path))
        return error.code
      }
    }
    #expect(code(good.certificate, good.key) == nil)
    #expect(code(rsa.certificate, rsa.key) == nil)
    #expect(code("\(folder)/none", good.key) == .unreadable)
    #expect(code(good.certificate, "\(folder)/none") == .unreadable)
    #expect(code(folder, good.key) == .unreadable)
    #expect(code("\(folder)/junk", good.key) == .malformed)
    #expect(code(good.certificate, "\(folder)/junk") == .malformed)
    #expect(code(good.certificate, good.certificate) == .malformed)
    #expect(code(good.certificate, "\(folder)/locked") == .passphrase)
    #expect(code(good.certificate, other.key) == .mismatch)
    #expect(code(good.certificate, rsa.key) == .mismatch)
    let client = TLSClientContext(TLSClientConfiguration(authorities: "\(folder)/junk"))
    #expect(throws: TLSError.self) { try client.load() }
  }

  @Test("a reload shows the new certificate, and a bad one changes nothing")
  func reload() async throws {
    let authority = try TLSAuthority()
    let live = (certificate: "\(authority.folder)/live.pem", key: "\(authority.folder)/live.key")
    @Sendable func install(_ name: String) throws {
      let made = try authority.issue(name)
      _ = TLSAuthority.shell("cp \(made.certificate) \(live.certificate); cp \(made.key) \(live.key)")
    }
    try install("first")
    let server = try TLSServerContext(TLSServerConfiguration(files: [files(live)]))
    var configuration = TLSClientConfiguration(authorities: authority.certificate)
    configuration.minimumVersion = .v13
    let clientConfiguration = configuration
    @Sendable func subject(_ loop: EventLoop) async throws -> String? {
      let pair = try await SecurePair.make(loop, server, TLSClientContext(clientConfiguration))
      try await pair.greet()
      return pair.client.connection.tls?.peerSubject
    }
    try await onLoop { loop in
      #expect(try await subject(loop) == "CN=first,O=Test")
      let old = try await SecurePair.make(loop, server, TLSClientContext(clientConfiguration))
      try await WorkerThreads.blocking.run { try install("second") }
      #expect(try await subject(loop) == "CN=first,O=Test")
      try server.reload()
      #expect(try await subject(loop) == "CN=second,O=Test")
      _ = try await WorkerThreads.blocking.run { TLSAuthority.shell("echo broken > \(live.key)") }
      let error = #expect(throws: TLSError.self) { try server.reload() }
      #expect(error?.path == live.key)
      #expect(try await subject(loop) == "CN=second,O=Test")
      // What has begun with the first goes on with it.
      try await old.greet()
      #expect(old.client.connection.tls?.peerSubject == "CN=first,O=Test")
    }
  }
}
