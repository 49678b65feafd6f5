import Curl
package import Networking
package import Primitives

/// The content of attachments in a bucket that is spoken to as S3 is: clients bring and get it themselves, with URLs that
/// are signed here; we ask for what is there, and remove it. Objects are named by the attachment's identifier.
///
/// The checksum is part of what is signed: a store that knows S3 refuses other content, and tells the checksum when it is
/// asked for what it has.
package final class S3ObjectStore: ObjectStore, @unchecked Sendable {
  package struct Settings: Sendable {
    /// `https://s3.example:9000`: a scheme and a host; buckets are named in the path.
    package var endpoint: String
    package var bucket: String
    package var region: String
    package var accessKey: String
    package var secretKey: String

    package init(endpoint: String, bucket: String, region: String, accessKey: String, secretKey: String) {
      self.endpoint = endpoint
      self.bucket = bucket
      self.region = region
      self.accessKey = accessKey
      self.secretKey = secretKey
    }
  }

  private let settings: Settings
  private let host: String
  private let signer: SignatureV4
  private let client: CurlClient

  package init(_ settings: Settings, loop: EventLoop) {
    self.settings = settings
    host = Self.host(of: settings.endpoint)
    signer = SignatureV4(accessKey: settings.accessKey, secretKey: settings.secretKey, region: settings.region)
    var configuration = CurlConfiguration()
    // The operator has named it, and it is usually a neighbour.
    configuration.addresses = .any
    client = CurlClient(configuration: configuration, loop: loop)
  }

  /// On the loop; ends requests that are under way.
  package func close() { client.close() }

  /// What a client says in `Host`: without the scheme's own port.
  static func host(of endpoint: String) -> String {
    let isSecure = endpoint.lowercased().hasPrefix("https://")
    let host = endpoint[(endpoint.firstRange(of: "://")?.upperBound ?? endpoint.startIndex)...]
    let ending = isSecure ? ":443" : ":80"
    return (host.hasSuffix(ending) ? String(host.dropLast(ending.count)) : String(host)).lowercased()
  }

  // MARK: For clients

  package func upload(of attachment: Attachment, until: Timestamp) -> Attachment.SignedRequest {
    let checksum = Base64.standard.encode(attachment.checksum)
    let headers = [
      (name: "Content-Type", value: attachment.contentType), (name: "x-amz-checksum-sha256", value: checksum),
      (name: "x-amz-sdk-checksum-algorithm", value: "SHA256"),
    ]
    // A client says the length by itself; that it must be this one is signed as well.
    var request = SignatureV4.Request(method: "PUT", host: host, path: path(attachment.id), headers: headers)
    request.headers.append(("Content-Length", "\(attachment.size)"))
    return Attachment.SignedRequest(
      method: "PUT", url: url(request, until: until), headers: headers, expiresAt: until)
  }

  package func download(of attachment: Attachment, until: Timestamp) -> Attachment.SignedRequest {
    let request = SignatureV4.Request(
      method: "GET", host: host, path: path(attachment.id),
      query: [
        ("response-content-disposition", ContentDisposition.value(for: attachment)),
        ("response-content-type", attachment.contentType),
      ])
    return Attachment.SignedRequest(method: "GET", url: url(request, until: until), expiresAt: until)
  }

  private func url(_ request: SignatureV4.Request, until: Timestamp) -> String {
    let now = Timestamp.now()
    let query = signer.presign(request, at: now, lifetime: max(1, until.seconds - now.seconds))
    return "\(settings.endpoint)\(request.path)?\(query)"
  }

  // MARK: Our own requests

  package func inspect(_ attachment: Attachment) async throws -> StoredObject? {
    let head = try await send("HEAD", attachment.id, [("x-amz-checksum-mode", "ENABLED")])
    guard head.status != 404 else { return nil }
    try Self.check(head)
    guard let size = head["content-length"].flatMap({ Int64($0) }) else {
      throw ObjectStoreError(.unavailable, "the store tells no length")
    }
    var object = StoredObject(
      size: size, checksum: head["x-amz-checksum-sha256"].flatMap { Base64.standard.decode($0) })
    if ContentType.isImage(attachment.contentType), size > 0 {
      let last = min(Int64(ContentSignature.length), size) - 1
      let beginning = try await send("GET", attachment.id, [("Range", "bytes=0-\(last)")])
      guard beginning.status != 404 else { return nil }
      try Self.check(beginning)
      object.beginning = Array(beginning.body.prefix(ContentSignature.length))
    }
    return object
  }

  package func remove(_ attachment: UUID) async throws {
    let answer = try await send("DELETE", attachment, [])
    guard answer.status != 404 else { return }
    try Self.check(answer)
  }

  /// Uploads that break off leave nothing behind.
  package func sweep() async throws {}

  private func send(
    _ method: String, _ attachment: UUID, _ headers: [(name: String, value: String)]
  ) async throws -> CurlResponse {
    let signed = signer.sign(
      SignatureV4.Request(method: method, host: host, path: path(attachment), headers: headers), at: .now())
    var request = CurlRequest(method, "\(settings.endpoint)\(path(attachment))", headers: signed)
    request.timeout = .seconds(15)
    request.connectTimeout = .seconds(5)
    // The length that the answer to HEAD tells is the object's; a range is short, where it is obeyed.
    if method == "HEAD" { request.maxBody = Int.max >> 1 }
    do throws(CurlError) {
      return try await client.send(request)
    } catch {
      throw ObjectStoreError(error.isRetriable ? .unavailable : .refused, "the store does not answer: \(error)")
    }
  }

  private static func check(_ response: CurlResponse) throws {
    guard !(200..<300).contains(response.status) else { return }
    let code = String(decoding: response.body.prefix(300), as: UTF8.self)
    throw ObjectStoreError(
      response.status >= 500 || response.status == 429 ? .unavailable : .refused,
      "the store answers \(response.status) \(code)")
  }

  private func path(_ attachment: UUID) -> String { "/\(settings.bucket)/\(attachment)" }
}
