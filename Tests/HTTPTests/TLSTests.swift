import HTTP
import Networking
import TestCertificates
import Testing

/// A server with TLS on a loop of its own, and the contexts of a client that believes it.
private func withSecureServer(
  asksForCertificates: Bool = false,
  _ handler: @escaping @Sendable (HTTPRequest, HTTPExchange) -> Void,
  _ body: @escaping @Sendable (HTTPServer, TLSAuthority, TLSClientContext) async throws -> Void
) async throws {
  let authority = try TLSAuthority()
  let made = try authority.issue("server")
  var configuration = TLSServerConfiguration(files: [TLSFiles(certificate: made.certificate, key: made.key)])
  if asksForCertificates { configuration.clientCertificates = .optional(authorities: authority.certificate) }
  let tls = try TLSServerContext(configuration)
  let client = TLSClientContext(TLSClientConfiguration(authorities: authority.certificate))
  try await onLoop { loop in
    var configuration = HTTPServerConfiguration()
    configuration.tls = tls
    let server = try HTTPServer(configuration: configuration, loop: loop, handler: handler)
    try await body(server, authority, client)
    await server.close()
  }
}

@Suite("HTTP over TLS")
struct HTTPTLSTests {
  @Test("requests know that they are secure, and connections are used again")
  func requests() async throws {
    try await withSecureServer({ request, exchange in
      exchange.respond(HTTPResponse(headers: ["x-secure": "\(request.isSecure)"], body: .bytes(request.body)))
    }) { server, _, tls in
      var configuration = HTTPClientConfiguration()
      configuration.tls = tls
      let client = HTTPClient(configuration: configuration, loop: server.loop)
      let url = "https://localhost:\(server.address.port)/"
      for size in [0, 1, 100_000, 900_000] {
        let body = [UInt8](repeating: 5, count: size)
        let response = try await client.post(url, body: body)
        #expect(response.bytes == body && response.headers["x-secure"] == "true")
      }
      #expect(server.connections == 1)
      client.close()
      // Whoever does not believe it sends nothing.
      let other = HTTPClient(loop: server.loop)
      let error = await #expect(throws: NetworkError.self) { try await other.get(url) }
      #expect(error?.code == .untrusted)
      #expect(server.requests == 4)
    }
  }

  @Test("answers of any size arrive, streamed or whole, while others are served")
  func answers() async throws {
    try await withSecureServer({ request, exchange in
      let part = [UInt8](repeating: 9, count: 300_000)
      exchange.respond(
        HTTPResponse(
          body: request.path == "/stream"
            ? .stream { writer in for _ in 0..<20 { try await writer.write(part) } }
            : .bytes(Array(repeating: 9, count: 6_000_000))))
    }) { server, _, tls in
      var configuration = HTTPClientConfiguration()
      configuration.tls = tls
      let client = HTTPClient(configuration: configuration, loop: server.loop)
      for path in ["stream", "whole", "stream"] {
        let response = try await client.get("https://localhost:\(server.address.port)/\(path)")
        #expect(response.bytes.count == 6_000_000 && response.bytes.allSatisfy { $0 == 9 })
      }
      client.close()
    }
  }

  @Test("a WebSocket over TLS echoes, and closes in good order")
  func webSocket() async throws {
    try await withSecureServer({ _, exchange in
      let recorder = Recorder()
      recorder.echoes = true
      recorder.socket = try? exchange.upgradeToWebSocket(handler: recorder)
    }) { server, _, tls in
      let recorder = Recorder()
      let client = WebSocketClient(loop: server.loop, tls: tls)
      let socket = try await client.connect("wss://localhost:\(server.address.port)/x", handler: recorder)
      for size in [0, 5, 70_000, 800_000] { socket.send(binary: [UInt8](repeating: 3, count: size)) }
      try await eventually(server.loop, "the echo") { recorder.binaries.count == 4 }
      #expect(recorder.binaries.map(\.count) == [0, 5, 70_000, 800_000])
      socket.close(code: 1000)
      try await eventually(server.loop, "the close") { recorder.closes.count == 1 }
      #expect(recorder.closes[0].code == 1000)
      let stranger = WebSocketClient(loop: server.loop)
      let error = await #expect(throws: NetworkError.self) {
        try await stranger.connect("wss://localhost:\(server.address.port)/x", handler: Recorder())
      }
      #expect(error?.code == .untrusted)
    }
  }

  @Test("a handler learns who the client is by its certificate")
  func clientSubject() async throws {
    try await withSecureServer(
      asksForCertificates: true,
      { _, exchange in exchange.respond(HTTPResponse(text: exchange.clientSubject ?? "nobody")) }
    ) { server, authority, tls in
      let made = try authority.issue("ops", names: ["ops"], use: .client)
      var known = tls.configuration
      known.files = TLSFiles(certificate: made.certificate, key: made.key)
      for (tls, subject) in [(tls, "nobody"), (TLSClientContext(known), "CN=ops,O=Test")] {
        var configuration = HTTPClientConfiguration()
        configuration.tls = tls
        let client = HTTPClient(configuration: configuration, loop: server.loop)
        let response = try await client.get("https://localhost:\(server.address.port)/")
        #expect(response.bytes == Array(subject.utf8))
        client.close()
      }
    }
  }

  @Test("curl and Python's client talk to it; one more than may connect is told so")
  func others() async throws {
    try await withSecureServer({ request, exchange in
      exchange.respond(HTTPResponse(text: "\(request.method) \(request.body.count)\n"))
    }) { server, authority, _ in
      let url = "https://localhost:\(server.address.port)/"
      let outputs = try await WorkerThreads.blocking.run {
        [
          TLSAuthority.shell("curl -sS --cacert \(authority.certificate) \(url)").output,
          TLSAuthority.shell("curl -sS --tls-max 1.2 --cacert \(authority.certificate) -d abc \(url) \(url)").output,
          TLSAuthority.shell(
            "python3 -c \"import ssl,urllib.request as r; print(r.urlopen('\(url)', "
              + "context=ssl.create_default_context(cafile='\(authority.certificate)')).read())\""
          ).output,
          TLSAuthority.shell("curl -sS \(url)").output,
          TLSAuthority.shell("curl -sS http://localhost:\(server.address.port)/").output,
        ]
      }
      #expect(
        outputs[0] == "GET 0\n" && outputs[1] == "POST 3\nPOST 3\n" && outputs[2] == "b'GET 0\\n'\n", "\(outputs)")
      #expect(outputs[3].contains("certificate") && outputs[4].contains("curl: "), "\(outputs)")
    }
  }

  @Test("URLs of both kinds")
  func urls() throws {
    let secure = try HTTPURL("https://example.org/a?b#c")
    #expect(secure.isSecure && secure.port == 443 && secure.authority == "example.org")
    #expect(secure.description == "https://example.org/a?b")
    let other = try HTTPURL("wss://example.org:80/")
    #expect(other.isSecure && other.authority == "example.org:80" && other.origin == "https://example.org:80")
    #expect(try !HTTPURL("ws://example.org").isSecure)
  }
}
