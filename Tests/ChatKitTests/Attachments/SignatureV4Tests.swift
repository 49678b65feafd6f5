import Primitives
import Testing

@testable import ChatKit

/// The examples that AWS publishes for S3 ("Authenticating Requests: Using the Authorization Header", "Using Query
/// Parameters").
@Suite("AWS Signature Version 4")
struct SignatureV4Tests {
  private let signer = SignatureV4(
    accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region: "us-east-1")
  private let host = "examplebucket.s3.amazonaws.com"
  /// 2013-05-24T00:00:00Z
  private let time = Timestamp(seconds: 1_369_353_600)

  private func signature(_ fields: [(name: String, value: String)]) -> String? {
    fields.first { $0.name == "Authorization" }?.value.split(separator: "=").last.map(String.init)
  }

  @Test("GET of an object, with a range")
  func getObject() {
    let fields = signer.sign(
      SignatureV4.Request(method: "GET", host: host, path: "/test.txt", headers: [("Range", "bytes=0-9")]), at: time)
    #expect(
      fields.last?.value
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    #expect(fields.map(\.name) == ["Range", "x-amz-content-sha256", "x-amz-date", "Authorization"])
    #expect(fields[1].value == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(fields[2].value == "20130524T000000Z")
  }

  @Test("PUT of an object whose name needs encoding")
  func putObject() {
    let payload = Hex.encode(SHA256.digest(Array("Welcome to Amazon S3.".utf8)))
    #expect(payload == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
    let fields = signer.sign(
      SignatureV4.Request(
        method: "PUT", host: host, path: "/test$file.text",
        headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]),
      payload: payload, at: time)
    #expect(signature(fields) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
  }

  @Test("GET of a bucket's lifecycle, and of its list")
  func queries() {
    let lifecycle = SignatureV4.Request(method: "GET", host: host, path: "/", query: [("lifecycle", "")])
    #expect(
      signature(signer.sign(lifecycle, at: time)) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    let list = SignatureV4.Request(method: "GET", host: host, path: "/", query: [("prefix", "J"), ("max-keys", "2")])
    #expect(
      signature(signer.sign(list, at: time)) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
  }

  @Test("a URL that is signed in its query")
  func presigned() {
    let query = signer.presign(
      SignatureV4.Request(method: "GET", host: host, path: "/test.txt"), at: time, lifetime: 86_400)
    #expect(
      query == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
  }

  @Test("every part of a request changes its signature")
  func coverage() {
    let request = SignatureV4.Request(
      method: "PUT", host: host, path: "/a b", query: [("x", "1")], headers: [("Content-Type", "text/plain")])
    func changed(_ change: (inout SignatureV4.Request) -> Void) -> String {
      var copy = request
      change(&copy)
      return String(signer.presign(copy, at: time, lifetime: 60).suffix(64))
    }
    let all = [
      changed { _ in }, changed { $0.method = "GET" }, changed { $0.host = "other" }, changed { $0.path = "/a/b" },
      changed { $0.query = [("x", "2")] }, changed { $0.headers = [("Content-Type", "text/html")] },
      changed { $0.headers.append(("x-amz-checksum-sha256", "abc")) },
      String(signer.presign(request, at: time, lifetime: 61).suffix(64)),
    ]
    #expect(Set(all).count == all.count)
  }

  @Test("a host is said without the scheme's own port")
  func hosts() {
    for (endpoint, host) in [
      ("https://S3.example", "s3.example"), ("https://s3.example:443", "s3.example"), ("http://a:80", "a"),
      ("http://a:443", "a:443"), ("http://127.0.0.1:9000", "127.0.0.1:9000"),
    ] { #expect(S3ObjectStore.host(of: endpoint) == host) }
  }
}
