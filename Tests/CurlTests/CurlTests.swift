import Curl
import Glibc
import HTTP
import Networking
import TestCertificates
import TestSupport
import Testing

private var local: CurlConfiguration {
  var configuration = CurlConfiguration()
  configuration.addresses = .any
  return configuration
}

/// A server and a client on one loop.
private func withServer(
  configuration: CurlConfiguration = local, tls: TLSServerContext? = nil,
  _ handler: @escaping @Sendable (HTTPRequest, HTTPExchange) -> Void,
  _ body: @escaping @Sendable (CurlClient, HTTPServer, String) async throws -> Void
) async throws {
  try await withLoop { loop in
    var settings = HTTPServerConfiguration()
    settings.tls = tls
    let server = try HTTPServer(configuration: settings, loop: loop, handler: handler)
    let client = CurlClient(configuration: configuration, loop: loop)
    try await body(client, server, "\(tls == nil ? "http" : "https")://localhost:\(server.address.port)")
    client.close()
    await server.close()
  }
}

@Sendable private func echo(_ request: HTTPRequest, _ exchange: HTTPExchange) {
  exchange.respond(
    HTTPResponse(
      status: .created,
      headers: [
        "x-method": "\(request.method)", "x-type": request.headers["content-type"] ?? "-",
        "x-given": request.headers["x-given"] ?? "-", "x-expect": request.headers["expect"] ?? "-",
      ], body: .bytes(request.body)))
}

@Suite("requests to others' servers")
struct CurlTests {
  @Test(
    "method, fields and body arrive, and the answer comes back", arguments: ["GET", "POST", "PUT", "DELETE", "PATCH"])
  func requests(method: String) async throws {
    try await withServer(echo) { client, _, base in
      for size in [0, 1, 5_000, 900_000] where size == 0 || method != "GET" {
        let body = [UInt8](repeating: 65, count: size)
        var request = CurlRequest(method, "\(base)/x?y=1", headers: [("X-Given", "a b"), ("X-Empty", "")], body: body)
        request.maxBody = 4 << 20
        let response = try await client.send(request)
        #expect(response.status == 201 && response.body == body)
        #expect(response["X-Method"] == method && response["x-given"] == "a b")
        #expect(response["x-type"] == "-" && response["x-expect"] == "-")
      }
      #expect(client.outstanding == 0)
    }
  }

  @Test("a connection is used again, and many requests run at once")
  func reuse() async throws {
    try await withServer(echo) { client, server, base in
      for _ in 0..<5 { #expect(try await client.send(CurlRequest("GET", base)).status == 201) }
      #expect(server.connections == 1)
      let loop = client.loop
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<100 {
          group.addTask {
            try await loop.submit {
              let body = Array("\(index)".utf8)
              let response = try await client.send(CurlRequest("POST", base, body: body))
              #expect(response.body == body)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(server.connections <= client.configuration.maxConnectionsPerHost)
    }
  }

  @Test("an answer may be as large as allowed, and no larger, with a length or without", arguments: [true, false])
  func limit(hasLength: Bool) async throws {
    try await withServer({ _, exchange in
      let part = [UInt8](repeating: 1, count: 50_000)
      exchange.respond(
        HTTPResponse(
          body: hasLength
            ? .bytes(part + part)
            : .stream { writer in
              try await writer.write(part)
              try await writer.write(part)
            }))
    }) { client, _, base in
      var request = CurlRequest("GET", base)
      request.maxBody = 100_000
      let response = try await client.send(request)
      #expect(response.body.count == 100_000)
      request.maxBody = 99_999
      let error = await #expect(throws: CurlError.self) { try await client.send(request) }
      #expect(error?.code == .tooLarge && error?.isRetriable == false)
    }
  }

  @Test("this machine and its neighbours are not connected to, whatever their name, unless that is allowed")
  func addresses() async throws {
    try await withServer(configuration: CurlConfiguration(), echo) { client, server, _ in
      let port = server.address.port
      for host in [
        "localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0", "[::ffff:127.0.0.1]", "169.254.169.254",
      ] {
        let error = await #expect(throws: CurlError.self) {
          try await client.send(CurlRequest("GET", "http://\(host):\(port)/"))
        }
        #expect(error?.code == .forbiddenAddress, "\(host): \(String(describing: error))")
      }
      #expect(server.requests == 0)
    }
  }

  @Test("a redirect is an answer like others, and is followed where that is asked for")
  func redirects() async throws {
    try await withServer({ request, exchange in
      guard request.path != "/end" else { return echo(request, exchange) }
      exchange.respond(
        HTTPResponse(
          status: HTTPStatus(302), headers: ["location": request.path == "/file" ? "file:///etc/passwd" : "/end"]))
    }) { client, _, base in
      var request = CurlRequest("GET", base)
      let response = try await client.send(request)
      #expect(response.status == 302 && response["location"] == "/end")
      request.redirects = 3
      let followed = try await client.send(request)
      #expect(followed.status == 201 && followed["location"] == nil)
      request.url = "\(base)/file"
      let error = await #expect(throws: CurlError.self) { try await client.send(request) }
      #expect(error?.code == .badRequest)
    }
  }

  @Test("time that is up, a cancelled task and a closed client end a request")
  func endings() async throws {
    try await withServer({ _, exchange in exchange.onAbort = {} }) { client, server, base in
      var request = CurlRequest("GET", base)
      request.timeout = .milliseconds(100)
      let late = await #expect(throws: CurlError.self) { try await client.send(request) }
      #expect(late?.code == .timedOut && late?.isRetriable == true)
      request.timeout = .seconds(60)
      let loop = client.loop
      let (cancelled, closed) = (request, request)
      let first = loop.start { () -> CurlError.Code? in
        do throws(CurlError) {
          _ = try await client.send(cancelled)
          return nil
        } catch { return error.code }
      }
      try await eventually { server.requests == 2 }
      first.cancel()
      #expect(await first.value == .cancelled)
      let second = loop.start { () -> CurlError.Code? in
        do throws(CurlError) {
          _ = try await client.send(closed)
          return nil
        } catch { return error.code }
      }
      try await eventually { server.requests == 3 }
      client.close()
      #expect(await second.value == .closed)
      #expect(client.outstanding == 0)
    }
  }

  @Test("what cannot be sent or reached is an error of its own")
  func errors() async throws {
    try await withServer(echo) { client, _, base in
      func code(_ request: CurlRequest) async -> CurlError.Code? {
        do throws(CurlError) {
          _ = try await client.send(request)
          return nil
        } catch { return error.code }
      }
      #expect(await code(CurlRequest("GET", "ftp://localhost/")) == .badRequest)
      #expect(await code(CurlRequest("GET", "file:///etc/passwd")) == .badRequest)
      #expect(await code(CurlRequest("GET", "http://a b/")) == .badRequest)
      #expect(await code(CurlRequest("GET\r\nX: y", base)) == .badRequest)
      #expect(await code(CurlRequest("GET", base, headers: [("A", "b\r\nC: d")])) == .badRequest)
      #expect(await code(CurlRequest("GET", base, headers: [("A:", "b")])) == .badRequest)
      #expect(await code(CurlRequest("GET", "http://localhost:1/")) == .unreachable)
      #expect(await code(CurlRequest("GET", "http://no-such-host.invalid/")) == .resolution)
    }
  }

  @Test("no more requests are taken than are allowed")
  func overload() async throws {
    var configuration = local
    configuration.maxRequests = 1
    try await withServer(configuration: configuration, { _, exchange in exchange.onAbort = {} }) {
      client, server, base in
      let first = client.loop.start { _ = try? await client.send(CurlRequest("GET", base)) }
      try await eventually { server.requests == 1 }
      let error = await #expect(throws: CurlError.self) { try await client.send(CurlRequest("GET", base)) }
      #expect(error?.code == .overloaded)
      first.cancel()
      await first.value
    }
  }

  @Test("TLS: who is believed and who is not")
  func tls() async throws {
    let authority = try TLSAuthority()
    let made = try authority.issue("server")
    let context = try TLSServerContext(
      TLSServerConfiguration(files: [TLSFiles(certificate: made.certificate, key: made.key)]))
    var believing = local
    believing.authorities = authority.certificate
    try await withServer(configuration: believing, tls: context, echo) { client, server, base in
      for _ in 0..<3 {
        let response = try await client.send(CurlRequest("POST", base, body: [1]))
        #expect(response.body == [1])
      }
      #expect(server.connections == 1)
      let error = await #expect(throws: CurlError.self) {
        try await client.send(CurlRequest("GET", "https://127.0.0.1:\(server.address.port)/"))
      }
      #expect(error?.code == .untrusted && error?.isRetriable == false)
    }
    try await withServer(configuration: local, tls: context, echo) { client, _, base in
      let error = await #expect(throws: CurlError.self) { try await client.send(CurlRequest("GET", base)) }
      #expect(error?.code == .untrusted)
    }
  }

  @Test("Python's server over TLS")
  func python() async throws {
    let authority = try TLSAuthority()
    let made = try authority.issue("server")
    let folder = try TemporaryFolder.make()
    let script = """
      import http.server, ssl, os
      os.chdir('\(folder)')
      open('hello', 'w').write('from Python')
      server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain('\(made.certificate)', '\(made.key)')
      server.socket = context.wrap_socket(server.socket, server_side=True)
      print('port', server.server_port, flush=True)
      server.serve_forever()
      """
    let process = try await TestProcess.start("/usr/bin/python3", ["-c", script])
    let line = try await process.waitForLine(containing: "port ")
    let port = try #require(line.split(separator: " ").last)
    let certificate = authority.certificate
    try await withLoop { loop in
      var configuration = local
      configuration.authorities = certificate
      let client = CurlClient(configuration: configuration, loop: loop)
      let response = try await client.send(CurlRequest("GET", "https://localhost:\(port)/hello"))
      #expect(response.status == 200 && response.body == Array("from Python".utf8))
      #expect(try await client.send(CurlRequest("HEAD", "https://localhost:\(port)/hello"))["content-length"] == "11")
      #expect(try await client.send(CurlRequest("GET", "https://localhost:\(port)/none")).status == 404)
      client.close()
    }
    try await process.killNow()
  }
}

@Suite("public addresses")
struct PublicAddressTests {
  @Test(
    "special addresses are not public, nor those that wrap them",
    arguments: [
      "127.0.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fc00::1", "fd12::1",
      "ff02::1",
      "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "::127.0.0.1", "3fff::1",
    ])
  func special(text: String) throws {
    #expect(try #require(SocketAddress(literal: text, port: 80)).isPublic == false)
  }

  @Test(
    "the others are",
    arguments: [
      "1.1.1.1", "172.32.0.1", "192.0.1.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808",
    ])
  func others(text: String) throws {
    #expect(try #require(SocketAddress(literal: text, port: 80)).isPublic)
  }
}
