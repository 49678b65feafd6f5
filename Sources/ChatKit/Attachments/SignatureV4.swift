import Primitives

/// AWS Signature Version 4 for S3: in the query of a URL that is handed out, or in the header of a request of our own.
/// One signature covers the method, the path, the query, the fields that are named, and the time.
struct SignatureV4: Sendable {
  var accessKey: String
  var secretKey: String
  var region: String
  var service = "s3"

  /// SHA-256 of no bytes at all.
  static let emptyPayload = Hex.encode(SHA256.digest([]))
  private static let algorithm = "AWS4-HMAC-SHA256"

  struct Request {
    var method: String
    /// With the port where it is not the scheme's own: as the field `Host` has it.
    var host: String
    /// Not encoded.
    var path: String
    var query: [(name: String, value: String)] = []
    /// Without `Host`.
    var headers: [(name: String, value: String)] = []
  }

  /// The query, with its signature, of a URL that is good for `lifetime` seconds from `time` on. The fields of `request` must
  /// go with it.
  func presign(_ request: Request, at time: Timestamp, lifetime: Int64) -> String {
    let fields = Self.canonicalFields(of: request)
    var query = request.query
    query.append(("X-Amz-Algorithm", Self.algorithm))
    query.append(("X-Amz-Credential", "\(accessKey)/\(scope(at: time))"))
    query.append(("X-Amz-Date", Self.date(time)))
    query.append(("X-Amz-Expires", "\(lifetime)"))
    query.append(("X-Amz-SignedHeaders", fields.names))
    let canonicalQuery = Self.canonical(query)
    let signature = signature(
      request, canonicalQuery, fields, payload: "UNSIGNED-PAYLOAD", at: time)
    return "\(canonicalQuery)&X-Amz-Signature=\(signature)"
  }

  /// The fields of `request` and those that sign it.
  /// - Parameter payload: SHA-256 of the body, in hexadecimal.
  func sign(
    _ request: Request, payload: String = SignatureV4.emptyPayload, at time: Timestamp
  ) -> [(name: String, value: String)] {
    var request = request
    request.headers.append(("x-amz-content-sha256", payload))
    request.headers.append(("x-amz-date", Self.date(time)))
    let fields = Self.canonicalFields(of: request)
    let signature = signature(request, Self.canonical(request.query), fields, payload: payload, at: time)
    let authorization =
      "\(Self.algorithm) Credential=\(accessKey)/\(scope(at: time)),SignedHeaders=\(fields.names),Signature=\(signature)"
    request.headers.append(("Authorization", authorization))
    return request.headers
  }

  // MARK: The signature

  private func signature(
    _ request: Request, _ query: String, _ fields: (lines: String, names: String), payload: String, at time: Timestamp
  ) -> String {
    let canonical = """
      \(request.method)
      \(URLEncoding.encode(request.path, keepsSlashes: true))
      \(query)
      \(fields.lines)
      \(fields.names)
      \(payload)
      """
    let text = """
      \(Self.algorithm)
      \(Self.date(time))
      \(scope(at: time))
      \(Hex.encode(SHA256.digest(Array(canonical.utf8))))
      """
    var key = Array("AWS4\(secretKey)".utf8)
    for part in [String(Self.date(time).prefix(8)), region, service, "aws4_request"] {
      key = SHA256.authenticationCode(of: Array(part.utf8), key: key)
    }
    return Hex.encode(SHA256.authenticationCode(of: Array(text.utf8), key: key))
  }

  private func scope(at time: Timestamp) -> String { "\(Self.date(time).prefix(8))/\(region)/\(service)/aws4_request" }

  /// `20130524T000000Z`
  static func date(_ time: Timestamp) -> String {
    "\(time)".prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
  }

  /// Sorted by name, then by value, both encoded.
  static func canonical(_ query: [(name: String, value: String)]) -> String {
    query.map { (URLEncoding.encode($0.name), URLEncoding.encode($0.value)) }
      .sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
  }

  /// Each field on a line of its own, sorted by name, and their names; the host among them.
  private static func canonicalFields(of request: Request) -> (lines: String, names: String) {
    var fields = request.headers.map { (name: $0.name.lowercased(), value: $0.value) }
    fields.append(("host", request.host))
    fields.sort { $0.name < $1.name }
    return (
      fields.map { "\($0.name):\($0.value)\n" }.joined(), fields.map(\.name).joined(separator: ";")
    )
  }
}
