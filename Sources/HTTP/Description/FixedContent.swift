/// Bytes that are the same for everybody, with their entity tag, and compressed once: pages and documents.
package struct FixedContent: Sendable {
  private let plain: HTTPResponse
  private let compressed: HTTPResponse?
  /// Unquoted; another one for other bytes.
  private let tag: String

  /// - Parameters:
  ///   - tag: unquoted; stands for these bytes and no others.
  ///   - headers: further fields of every answer.
  package init(_ bytes: [UInt8], type: String, tag: String, headers: HTTPHeaders = HTTPHeaders()) {
    self.tag = tag
    var headers = headers
    headers.append("vary", "Accept-Encoding")
    var plain = HTTPResponse(headers: headers, bytes: bytes, contentType: type)
    plain.headers.append("etag", "\"\(tag)\"")
    self.plain = plain
    guard bytes.count >= 1024, let deflater = Deflater(.gzip, windowBits: 15, level: 9, memoryLevel: 9) else {
      compressed = nil
      return
    }
    var output = GatheredBytes()
    bytes.withUnsafeBytes { deflater.compress($0, .finish, into: &output) }
    var response = HTTPResponse(headers: headers, bytes: [UInt8](output.bytes), contentType: type)
    response.headers.append("content-encoding", "gzip")
    // Other bytes than those of the plain one: weak, as they are the same content.
    response.headers.append("etag", "W/\"\(tag)\"")
    compressed = output.count < bytes.count ? response : nil
  }

  /// The answer: 304 where the client has it already (RFC 9110, 13.1.2).
  package func response(to request: HTTPRequest) -> HTTPResponse {
    let chosen = ContentCoder.takesGzip(request.headers) ? compressed ?? plain : plain
    guard let known = request.headers["if-none-match"], known == "*" || known.contains("\"\(tag)\"") else {
      return chosen
    }
    var headers = chosen.headers
    headers.remove("content-type")
    headers.remove("content-encoding")
    return HTTPResponse(status: .notModified, headers: headers)
  }
}
