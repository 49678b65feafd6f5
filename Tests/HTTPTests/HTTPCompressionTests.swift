import CZlib
import Networking
import Testing

@testable import HTTP

@Suite("Answers as gzip", .timeLimit(.minutes(1)))
struct HTTPCompressionTests {
  private static let text = Array(String(repeating: "{\"id\":1,\"body\":\"grüße\"},", count: 200).utf8)

  /// What gzip makes of it; nil when that is wrong, its checksum too.
  private func unzip(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: 8 << 20)
    let code = input.withUnsafeMutableBufferPointer { from in
      output.withUnsafeMutableBufferPointer { to in
        stream.next_in = from.baseAddress
        stream.avail_in = UInt32(from.count)
        stream.next_out = to.baseAddress
        stream.avail_out = UInt32(to.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    guard code == Z_STREAM_END, stream.avail_in == 0 else { return nil }
    return Array(output.prefix(output.count - Int(stream.avail_out)))
  }

  /// Sends a request to a server that always answers with `response`.
  private func ask(
    _ response: HTTPResponse, _ method: HTTPMethod = .get, accept: String? = "gzip, deflate, br",
    _ check: @escaping @Sendable (HTTPResponse) -> Void
  ) async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.compression = HTTPCompression()
      let server = try HTTPServer(configuration: configuration, loop: loop) { $1.respond(response) }
      var headers = HTTPHeaders()
      if let accept { headers.append("Accept-Encoding", accept) }
      check(try await HTTPClient(loop: loop).send(method, "http://\(server.address)/", headers: headers))
      await server.close()
    }
  }

  private func json(_ headers: HTTPHeaders = [:], bytes: [UInt8] = text) -> HTTPResponse {
    HTTPResponse(headers: headers, json: bytes)
  }

  @Test("a large JSON answer shrinks, says so, and tells caches")
  func large() async throws {
    try await ask(json(["etag": "\"abc\""])) { answer in
      #expect(answer.headers["content-encoding"] == "gzip")
      #expect(answer.headers["vary"] == "Accept-Encoding")
      #expect(answer.headers["etag"] == "W/\"abc\"")
      #expect(answer.bytes.count < 300 && answer.headers["content-length"] == "\(answer.bytes.count)")
      #expect(unzip(answer.bytes) == Self.text)
    }
    try await ask(json(["etag": "W/\"abc\"", "vary": "Origin"])) { answer in
      #expect(answer.headers["etag"] == "W/\"abc\"")
      #expect(answer.headers.values(of: "vary") == ["Origin", "Accept-Encoding"])
    }
  }

  @Test(
    "it goes as it is to a client that does not take it",
    arguments: [nil, "", "br", "gzip;q=0", "identity", "identity, gzip;q=0.5", "*;q=0", "gzip;q=2", "gzip;q=x", "zip"])
  func unwanted(accept: String?) async throws {
    try await ask(json(["etag": "\"abc\""]), accept: accept) { answer in
      #expect(answer.bytes == Self.text && answer.headers["content-encoding"] == nil)
      #expect(answer.headers["vary"] == "Accept-Encoding" && answer.headers["etag"] == "\"abc\"")
    }
  }

  @Test(
    "weights are read", arguments: ["GZIP", "gzip;q=0.001", "*", "br;q=1, *;q=0.1", "x-gzip ; Q=1.000", "a,gzip ;q=1"])
  func wanted(accept: String) async throws {
    try await ask(json(), accept: accept) { #expect($0.headers["content-encoding"] == "gzip") }
  }

  @Test("what would not gain, or must not change, is left alone")
  func exempt() async throws {
    let noise = (0..<4000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 ^ $0 >> 3) }
    for response in [
      json(bytes: Array(Self.text.prefix(1000))), HTTPResponse(bytes: Self.text, contentType: "image/png"),
      HTTPResponse(bytes: Self.text, contentType: "text/event-stream"),
      HTTPResponse(body: .bytes(Self.text)),
      json(["content-encoding": "br"]), json(["cache-control": "private, no-transform"]),
      HTTPResponse(status: .partialContent, headers: ["content-range": "bytes 0-9/10"], json: Self.text),
    ] {
      try await ask(response) { answer in
        #expect(answer.headers["content-encoding"] == response.headers["content-encoding"])
        #expect(answer.headers["vary"] == nil && answer.bytes == response.bytes)
      }
    }
    try await ask(HTTPResponse(bytes: noise, contentType: "text/plain")) { answer in
      #expect(unzip(answer.bytes) == noise || answer.bytes == noise)
    }
  }

  @Test("HEAD tells what GET would")
  func head() async throws {
    let length = Reference<String?>(nil)
    try await ask(json()) { length.value = $0.headers["content-length"] }
    try await ask(json(), .head) { answer in
      #expect(answer.bytes.isEmpty && answer.headers["content-encoding"] == "gzip")
      #expect(answer.headers["content-length"] == length.value)
    }
  }

  @Test("streamed bodies are compressed as they come, and each part arrives when it is written")
  func streamed() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.compression = HTTPCompression()
      let gate = Reference(false)
      let server = try HTTPServer(configuration: configuration, loop: loop) { _, exchange in
        exchange.respond(
          HTTPResponse(
            headers: ["content-type": "application/x-ndjson"],
            body: .stream { writer in
              try await writer.write("first line\n")
              while !gate.value { try await loop.sleep(for: .milliseconds(2)) }
              for _ in 0..<1000 { try await writer.write("another line\n") }
            }))
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.0\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n")
      // Not at its end yet, but the first line can be had.
      _ = try await client.wait("the first part") { client in
        guard let head = client.text.firstRange(of: "\r\n\r\n") else { return false }
        return client.text[head.upperBound...].utf8.count > 15
      }
      #expect(client.text.contains("content-encoding: gzip") && !client.isOver)
      gate.value = true
      _ = try await client.end()
      let bytes = client.received
      let start = (0..<bytes.count).first { Array(bytes[$0...].prefix(4)) == [13, 10, 13, 10] }! + 4
      let expected = "first line\n" + String(repeating: "another line\n", count: 1000)
      #expect(unzip(Array(bytes[start...])) == Array(expected.utf8))
      await server.close()
    }
  }

  @Test("a very large one goes out in parts")
  func parts() async throws {
    let bytes = Array(repeating: Self.text, count: 400).flatMap { $0 }
    #expect(bytes.count > 1 << 20)
    try await ask(json(bytes: bytes)) { answer in
      #expect(answer.headers["content-encoding"] == "gzip" && answer.bytes.count < bytes.count / 20)
      #expect(unzip(answer.bytes) == bytes)
    }
    try await ask(json(bytes: bytes), accept: nil) { #expect($0.bytes == bytes) }
  }
}

private final class Reference<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}
