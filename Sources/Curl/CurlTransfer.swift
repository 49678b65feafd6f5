import CCurl
import Glibc
import Networking

/// One request under way: what libcurl's handle points to. On its client's loop.
final class CurlTransfer: @unchecked Sendable {
  let easy: UnsafeMutableRawPointer
  let addresses: CurlConfiguration.Addresses
  var continuation: UnsafeContinuation<Result<CurlResponse, CurlError>, Never>?
  private var fields: UnsafeMutablePointer<curl_slist>?
  private let maxBody: Int
  private var response = CurlResponse()
  private var headBytes = 0
  /// Why we broke off, which libcurl tells as a failure of its callback.
  private var refusal: CurlError?
  /// libcurl writes what went wrong here.
  private let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  private static let maxHead = 64 << 10

  init(_ easy: UnsafeMutableRawPointer, _ request: CurlRequest, _ configuration: CurlConfiguration) throws(CurlError) {
    self.easy = easy
    addresses = configuration.addresses
    maxBody = request.maxBody
    message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    try CurlTransfer.check(request)
    prepare(configuration)
    ccurl_set_text(easy, CURLOPT_URL, request.url)
    ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, max(1, request.timeout.milliseconds))
    ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, request.connectTimeout.milliseconds))
    ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.maxBody))
    ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, request.redirects > 0 ? 1 : 0)
    ccurl_set_long(easy, CURLOPT_MAXREDIRS, request.redirects)
    set(request.method, request.body)
    set(request.headers)
  }

  deinit {
    curl_slist_free_all(fields)
    message.deallocate()
  }

  /// What holds for all requests.
  private func prepare(_ configuration: CurlConfiguration) {
    let this = Unmanaged.passUnretained(self).toOpaque()
    ccurl_set_pointer(easy, CURLOPT_PRIVATE, this)
    ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, message)
    ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
    ccurl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
    ccurl_set_text(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    // The environment's proxies would connect for us, to wherever.
    ccurl_set_text(easy, CURLOPT_PROXY, "")
    ccurl_set_long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
    ccurl_set_text(easy, CURLOPT_USERAGENT, configuration.userAgent)
    if let authorities = configuration.authorities {
      ccurl_set_text(easy, CURLOPT_CAINFO, authorities)
      ccurl_set_text(easy, CURLOPT_CAPATH, nil)
    }
    ccurl_on_body(
      easy,
      { bytes, size, count, this in
        guard let bytes, let this else { return 0 }
        let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return Unmanaged<CurlTransfer>.fromOpaque(this).takeUnretainedValue().received(part) ? size * count : 0
      }, this)
    ccurl_on_field(
      easy,
      { bytes, size, count, this in
        guard let bytes, let this else { return 0 }
        let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return Unmanaged<CurlTransfer>.fromOpaque(this).takeUnretainedValue().received(line: line) ? size * count : 0
      }, this)
    ccurl_on_socket(
      easy,
      { this, _, address in
        guard let this, let address else { return CURL_SOCKET_BAD }
        return Unmanaged<CurlTransfer>.fromOpaque(this).takeUnretainedValue().open(address)
      }, this)
  }

  // MARK: Asking

  private static func check(_ request: CurlRequest) throws(CurlError) {
    let isToken = { (text: String) in
      !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
    }
    guard isToken(request.method) else { throw CurlError(.badRequest, "the method is none") }
    guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else {
      throw CurlError(.badRequest, "the URL has spaces or control characters")
    }
    for (name, value) in request.headers {
      guard isToken(name), !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) else {
        throw CurlError(.badRequest, "the field '\(name)' has characters that cannot be sent")
      }
    }
  }

  private func set(_ method: String, _ body: [UInt8]) {
    switch method {
    case "GET" where body.isEmpty: ccurl_set_long(easy, CURLOPT_HTTPGET, 1)
    case "HEAD" where body.isEmpty: ccurl_set_long(easy, CURLOPT_NOBODY, 1)
    default:
      ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, method)
      guard !body.isEmpty || method == "POST" || method == "PUT" || method == "PATCH" else { return }
      ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
      // With the terminating byte, for an empty array may have no address.
      (body + [0]).withUnsafeBytes { _ = ccurl_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
    }
  }

  private func set(_ headers: [(name: String, value: String)]) {
    // libcurl would wait for a 100, and say that every body is a form.
    var lines = ["Expect:"]
    if !headers.contains(where: { $0.name.lowercased() == "content-type" }) { lines.append("Content-Type:") }
    // An empty value has a syntax of its own: a semicolon.
    for (name, value) in headers { lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)") }
    for line in lines { fields = curl_slist_append(fields, line) }
    ccurl_set_list(easy, CURLOPT_HTTPHEADER, fields)
  }

  // MARK: What libcurl tells

  /// The address is what the name has been resolved to: a name cannot lie about it.
  private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
    if case .publicOnly = addresses {
      let length = Int(address.pointee.addrlen)
      let known = withUnsafePointer(to: &address.pointee.addr) { SocketAddress(sockaddr: $0, length: length) }
      guard let known, known.isPublic else {
        let place = known?.host ?? "the address"
        refusal = CurlError(.forbiddenAddress, "\(place) is not a public address")
        return CURL_SOCKET_BAD
      }
      refusal = nil
    }
    return socket(
      address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
  }

  private func received(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard response.body.count + bytes.count <= maxBody else {
      refusal = CurlError(.tooLarge, "the answer is larger than \(maxBody) bytes")
      return false
    }
    response.body.append(contentsOf: bytes)
    return true
  }

  private func received(line: UnsafeRawBufferPointer) -> Bool {
    headBytes += line.count
    guard headBytes <= Self.maxHead else {
      refusal = CurlError(.tooLarge, "the answer's head is larger than \(Self.maxHead) bytes")
      return false
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
      // A status line begins anew: after a 100, and after a redirect.
      if line.starts(with: "HTTP/".utf8) { response.headers = [] }
      return true
    }
    if line.starts(with: "HTTP/".utf8) {
      response.headers = []
      return true
    }
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
    let value = line[(colon + 1)...].drop(while: isSpace)
    let end = value.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? value.startIndex
    response.headers.append(
      (
        name: String(decoding: line[..<colon], as: UTF8.self).lowercased(),
        value: String(decoding: value[value.startIndex..<end], as: UTF8.self)
      ))
    return true
  }

  // MARK: The end

  func ended(_ result: CURLcode) {
    guard result == CURLE_OK else {
      let detail = String(cString: message)
      return end(.failure(refusal ?? CurlError(result, detail: detail)))
    }
    response.status = ccurl_long(easy, CURLINFO_RESPONSE_CODE)
    end(.success(response))
  }

  func end(_ result: Result<CurlResponse, CurlError>) {
    let continuation = continuation
    self.continuation = nil
    continuation?.resume(returning: result)
  }
}
