import ChatKit
import Glibc
import JSON
import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@Suite("Files in a store that speaks S3", .enabled(if: Moto.isThere))
struct ObjectStoreTests {
  private static let bucket = "chat-files"

  /// An API with its files in moto.
  private func withBucket(_ body: @escaping @Sendable (FileServer, Moto, APIClient) async throws -> Void) async throws {
    let moto = try await Moto.start(bucket: Self.bucket)
    let secret = "\(try TemporaryFolder.make())/key"
    try FileText.write("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n", to: secret)
    try await withFileServer([
      "--attachments-store", "s3", "--attachments-endpoint", moto.endpoint, "--attachments-bucket", Self.bucket,
      "--attachments-access-key", "AKIAIOSFODNN7EXAMPLE", "--attachments-secret-key-file", secret,
    ]) { server in
      let client = APIClient(port: moto.port, loop: server.loop)
      try await body(server, moto, client)
      client.close()
    }
    moto.process.signal(SIGKILL)
  }

  /// The path and query of a URL of the store's, and the fields that go with it.
  private func target(_ answer: Answer, _ what: String, _ moto: Moto) throws -> (path: String, fields: [String: String])
  {
    let url = try answer.string("\(what).url")
    try #require(url.hasPrefix("\(moto.endpoint)/\(Self.bucket)/"))
    var fields: [String: String] = [:]
    if let members = answer[what]?["headers"]?.object {
      for member in members { fields[String(member.key)] = member.value.string }
    }
    return (String(url.dropFirst(moto.endpoint.utf8.count)), fields)
  }

  @Test("clients bring and get the content by signed URLs, and it is compared before messages may name it")
  func wholeLife() async throws {
    try await withBucket { server, moto, client in
      let (ann, bob) = (try await server.person("ann"), try await server.person("bob"))
      let room = try await server.group(ann, [bob])
      let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let announced = try await ann.announce(content, in: room, name: "a \"b\".bin", type: "application/octet-stream")
        .expect(201)
      let id = try announced.string("id")
      let upload = try target(announced, "upload", moto)
      #expect(upload.fields["x-amz-checksum-sha256"] == Base64.standard.encode(SHA256.digest(content)))
      #expect(
        upload.path.contains(
          "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256%3Bx-amz-sdk-checksum-algorithm"
        ))
      // Nothing of it passes through us.
      #expect(try await server.client().request("PUT", "/api/attachments/\(id)/data", bytes: [1]).status == 404)
      #expect(try ProblemAnswer(try await ann.complete(id), 409).code == "conflict")
      try await client.request("PUT", upload.path, bytes: content, headers: upload.fields).expect(200)
      #expect(try await ann.complete(id).expect(200).string("state") == "ready")
      _ = try await ann.send(id, to: room).expect(201)
      let read = try await bob.api.get("/api/attachments/\(id)").expect(200)
      let got = try await client.get(try target(read, "download", moto).path).expect(200)
      #expect(got.body == content)
      #expect(got.headers["content-type"] == "application/octet-stream")
      #expect(
        got.headers["content-disposition"] == "attachment; filename=\"a _b_.bin\"; filename*=UTF-8''a%20%22b%22.bin")
      let redirect = try await bob.api.get("/api/attachments/\(id)/content").expect(302)
      #expect(redirect.headers["location"]?.hasPrefix("\(moto.endpoint)/\(Self.bucket)/\(id)?") == true)
    }
  }

  @Test("other content, another length, none, no checksum and no image are told when it is completed")
  func wrongContent() async throws {
    try await withBucket { server, moto, client in
      let ann = try await server.person("ann")
      let room = try await server.group(ann)
      func complete(
        _ announced: [UInt8], _ brought: [UInt8], type: String = "text/plain", checksum: Bool = true
      ) async throws -> Answer {
        let answer = try await ann.announce(announced, in: room, type: type).expect(201)
        var (path, fields) = try target(answer, "upload", moto)
        // What S3 itself refuses, for it is signed; moto takes it.
        if checksum {
          fields["x-amz-checksum-sha256"] = Base64.standard.encode(SHA256.digest(brought))
        } else {
          fields = ["Content-Type": type]
        }
        try await client.request("PUT", path, bytes: brought, headers: fields).expect(200)
        return try await ann.complete(try answer.string("id"))
      }
      let hello = Array("hello".utf8)
      #expect(try ProblemAnswer(try await complete(hello, Array("jello".utf8)), 400).field == "sha256")
      #expect(try ProblemAnswer(try await complete(hello, Array("hello!".utf8)), 400).field == "size")
      #expect(try ProblemAnswer(try await complete(hello, hello, checksum: false), 409).code == "conflict")
      #expect(try ProblemAnswer(try await complete(hello, hello, type: "image/png"), 400).field == "contentType")
      #expect(try await complete(picture, picture, type: "image/png").status == 200)
      #expect(try await complete(hello, hello).status == 200)
    }
  }

  @Test("the files of a person are given out as URLs, and removed from the bucket with the person")
  func person() async throws {
    try await withBucket { server, moto, client in
      let (ann, bob) = (try await server.person("ann"), try await server.person("bob"))
      let room = try await server.group(ann, [bob])
      var paths: [String] = []
      for (index, who) in [ann, ann, bob].enumerated() {
        let content = Array("content \(index)".utf8)
        let announced = try await who.announce(content, in: room).expect(201)
        let id = try announced.string("id")
        let upload = try target(announced, "upload", moto)
        try await client.request("PUT", upload.path, bytes: content, headers: upload.fields).expect(200)
        _ = try await who.complete(id).expect(200)
        _ = try await who.send(id, to: room).expect(201)
        paths.append(try target(try await bob.api.get("/api/attachments/\(id)").expect(200), "download", moto).path)
      }
      let folder = try TemporaryFolder.make()
      // moto closes a connection after its answer: one for each question.
      func get(_ path: String) async throws -> Answer {
        let once = APIClient(port: moto.port, loop: server.loop)
        defer { once.close() }
        return try await once.get(path)
      }
      _ = try await server.chatctl(["user", "export", ann.name, "--to", "\(folder)/export"])
      let lines = try FileText.read("\(folder)/export/urls.ndjson").split(separator: "\n")
      #expect(lines.count == 2)
      var contents: [String] = []
      for line in lines {
        let url = try #require(try JSONDocument(parsing: String(line)).root["url"]?.string)
        contents.append(try await get(String(url.dropFirst(moto.endpoint.utf8.count))).expect(200).text)
      }
      #expect(contents.sorted() == ["content 0", "content 1"])
      #expect(try await server.chatctl(["user", "verify-record", "\(folder)/export/record.json"]).contains("genuine"))

      let erased = try await server.chatctl(
        ["user", "erase", ann.id, "--record", "\(folder)/erasure.json", "--yes", "-o", "ndjson"])
      #expect(erased.contains("nothing is left"))
      #expect(erased.contains("\"store\":\"attachments.content\",\"count\":2"))
      for path in paths[..<2] {
        // Without its signature: of what is not there, moto says 404 to that, and of what is there 403.
        let once = APIClient(port: moto.port, loop: server.loop)
        #expect(try await once.request("HEAD", String(path.prefix { $0 != "?" })).status == 404)
        once.close()
      }
      #expect(try await get(paths[2]).expect(200).text == "content 2")
      #expect(try await server.chatctl(["user", "verify-record", "\(folder)/erasure.json"]).contains("genuine"))
    }
  }

  @Test("files that nobody needs are removed from the bucket, and later where the store is away")
  func orphans() async throws {
    try await withBucket { server, moto, client in
      let ann = try await server.person("ann")
      let room = try await server.group(ann)
      var ids: [String] = []
      for text in ["one", "two", "three"] {
        let answer = try await ann.announce(Array(text.utf8), in: room).expect(201)
        let (path, fields) = try target(answer, "upload", moto)
        try await client.request("PUT", path, bytes: Array(text.utf8), headers: fields).expect(200)
        ids.append(try answer.string("id"))
        // The last one is brought and not completed.
        if text != "three" { try await ann.complete(ids.last ?? "").expect(200) }
      }
      _ = try await ann.send(ids[0], to: room).expect(201)
      _ = try await server.sql("UPDATE attachments SET check_at = now()")
      // Without a signature it is 403, and the connection's end.
      func isThere(_ id: String) async throws -> Bool {
        let asking = APIClient(port: moto.port, loop: server.loop)
        defer { asking.close() }
        return try await asking.request("HEAD", "/\(Self.bucket)/\(id)").status != 404
      }
      func store(_ endpoint: String) -> S3ObjectStore {
        S3ObjectStore(
          S3ObjectStore.Settings(
            endpoint: endpoint, bucket: Self.bucket, region: "us-east-1", accessKey: "a", secretKey: "b"),
          loop: server.loop)
      }
      try await server.withPool { (pool: PostgresPool) async throws -> Void in
        var settings = AttachmentCollector.Settings()
        settings.settling = .zero
        settings.retry = .zero
        let away = store("http://127.0.0.1:1")
        await #expect(throws: ObjectStoreError.self) {
          try await AttachmentCollector(pool: pool, store: away, settings: settings).round()
        }
        away.close()
        #expect(try await ann.api.get("/api/attachments/\(ids[1])").status == 404)
        for id in ids { #expect(try await isThere(id)) }
        let there = store(moto.endpoint)
        #expect(try await AttachmentCollector(pool: pool, store: there, settings: settings).round().removed == 2)
        there.close()
      }
      #expect(try await isThere(ids[0]))
      for id in ids[1...] { #expect(try await !isThere(id)) }
      #expect(try await server.sql("SELECT count(*) FROM attachments") == "1\n")
    }
  }
}
