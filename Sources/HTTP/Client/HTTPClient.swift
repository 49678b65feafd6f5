package import Networking

/// How an `HTTPClient` behaves.
package struct HTTPClientConfiguration: Sendable {
  /// Where to connect whatever the URL's host is: a Unix socket, or a node behind a name.
  package var address: SocketAddress?
  /// For `https`.
  package var tls = TLSClientContext()
  package var connectTimeout = Duration.seconds(5)
  /// From the request's start to its answer's end.
  package var timeout = Duration.seconds(30)
  /// How long a connection that is not used is kept.
  package var idleTimeout = Duration.seconds(15)
  /// Idle connections kept for one host.
  package var maxIdle = 8
  package var limits = HTTPLimits()

  package init() { limits.bodyBytes = 64 << 20 }
}

/// An HTTP/1.1 client of one loop with keep-alive. On its loop's thread only.
///
/// Each request has a connection to itself, an idle one if there is one. A request that meets a connection which the
/// server was just closing is sent once more, on a new one.
package final class HTTPClient: @unchecked Sendable {
  package let configuration: HTTPClientConfiguration
  package let loop: EventLoop
  private var idle: [String: [HTTPClientConnection]] = [:]
  private var isClosed = false

  package init(configuration: HTTPClientConfiguration = HTTPClientConfiguration(), loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
  }

  /// Sends a request and returns the whole answer, whatever its status. Throws `HTTPError` and `NetworkError`.
  package func send(
    _ method: HTTPMethod = .get, _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
    timeout: Duration? = nil
  ) async throws -> HTTPResponse {
    let url = try HTTPURL(url)
    loop.assertCurrent()
    let bytes = Self.encode(method, url, headers, body)
    let deadline = loop.now &+ (timeout ?? configuration.timeout).nanoseconds
    while let connection = takeIdle(url.origin) {
      do {
        return try await perform(bytes, method, on: connection, url, deadline)
      } catch let error as HTTPError where error.code == .closed && !connection.hasBegunAnswer {
        // Closed under our hands. What has not been answered at all may not have arrived, but it may have: only what can
        // be repeated is.
        guard method.isIdempotent else { throw error }
      }
    }
    return try await perform(bytes, method, on: try await connect(url), url, deadline)
  }

  package func get(_ url: String, headers: HTTPHeaders = HTTPHeaders()) async throws -> HTTPResponse {
    try await send(.get, url, headers: headers)
  }

  package func post(
    _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8], contentType: String = "application/json"
  ) async throws -> HTTPResponse {
    var headers = headers
    headers.append("content-type", contentType)
    return try await send(.post, url, headers: headers, body: body)
  }

  /// The certificate that the server of a URL shows, on a connection of its own, by one request (HEAD). Nil without TLS. Throws
  /// `HTTPError` and `NetworkError`, where it is refused too, unless the client verifies nothing.
  package func certificate(of url: String) async throws -> TLSCertificate? {
    let url = try HTTPURL(url)
    loop.assertCurrent()
    let connection = try await connect(url)
    defer { connection.close() }
    let bytes = Self.encode(.head, url, HTTPHeaders(), [])
    _ = try await connection.send(bytes, answerToHead: true, deadline: loop.now &+ configuration.timeout.nanoseconds)
    return connection.certificate
  }

  /// Closes the idle connections; those in use close after their answer.
  package func close() {
    isClosed = true
    let all = idle
    idle = [:]
    for connection in all.values.joined() { connection.close() }
  }

  // MARK: Connections

  private func connect(_ url: HTTPURL) async throws -> HTTPClientConnection {
    let connection: Connection
    if let address = configuration.address {
      connection = try await Connection.connect(to: address, loop: loop, timeout: configuration.connectTimeout)
    } else {
      connection = try await Connection.connect(
        host: url.host, port: url.port, loop: loop, timeout: configuration.connectTimeout)
    }
    if url.isSecure { try await connection.secure(configuration.tls, for: url, configuration.connectTimeout) }
    return HTTPClientConnection(connection, limits: configuration.limits)
  }

  private func perform(
    _ bytes: [UInt8], _ method: HTTPMethod, on connection: HTTPClientConnection, _ url: HTTPURL, _ deadline: UInt64
  ) async throws -> HTTPResponse {
    let response = try await connection.send(bytes, answerToHead: method == .head, deadline: deadline)
    if connection.isReusable { giveBack(connection, url.origin) } else { connection.close() }
    return response
  }

  private func takeIdle(_ origin: String) -> HTTPClientConnection? {
    while let connection = idle[origin]?.popLast() {
      connection.isIdle = false
      if connection.isReusable { return connection }
    }
    return nil
  }

  private func giveBack(_ connection: HTTPClientConnection, _ origin: String) {
    guard !isClosed, idle[origin, default: []].count < configuration.maxIdle else { return connection.close() }
    idle[origin, default: []].append(connection)
    connection.isIdle = true
    connection.becameIdle(for: configuration.idleTimeout) { [weak self, unowned connection] in
      self?.idle[origin]?.removeAll { $0 === connection }
    }
  }

  private static func encode(_ method: HTTPMethod, _ url: HTTPURL, _ headers: HTTPHeaders, _ body: [UInt8]) -> [UInt8] {
    var bytes = Array("\(method) \(url.target) HTTP/1.1\r\n".utf8)
    if !headers.contains("host") { bytes.append(contentsOf: "host: \(url.authority)\r\n".utf8) }
    if !body.isEmpty || method == .post || method == .put || method == .patch {
      bytes.append(contentsOf: "content-length: \(body.count)\r\n".utf8)
    }
    bytes.append(contentsOf: headers.bytes[headers.start...])
    bytes.append(0x0d)
    bytes.append(0x0a)
    bytes.append(contentsOf: body)
    return bytes
  }
}

extension Connection {
  /// TLS to the host of `url`. Ends the connection when that is not to be had.
  func secure(_ tls: TLSClientContext, for url: HTTPURL, _ timeout: Duration) async throws {
    do {
      try await tls.prepare()
      try secure(tls, host: url.host, timeout: timeout)
    } catch {
      close()
      throw error
    }
  }
}
