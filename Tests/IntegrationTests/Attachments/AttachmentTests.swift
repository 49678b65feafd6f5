import ChatKit
import JSON
import Networking
import Primitives
import TestSupport
import Testing

@Suite("Files in a folder")
struct AttachmentTests {
  private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) } }

  @Test(
    "a file is announced, brought, completed, named by a message, and got by who is in the conversation, and nobody else"
  )
  func wholeLife() async throws {
    try await withStack { stack in
      let (ann, bob, eve) = (
        try await stack.person("ann"), try await stack.person("bob"), try await stack.person("eve")
      )
      let room = try await stack.group(ann, [bob])
      // Longer than any other body may be: it never lies in memory.
      let content = pattern(5_000_000)
      let announced = try await ann.announce(content, in: room, name: "Übersicht \"1\".txt").expect(201)
      let id = try announced.string("id")
      #expect(announced.headers["location"] == "/api/attachments/\(id)")
      #expect(try announced.string("state") == "pending" && announced.string("upload.method") == "PUT")
      #expect(try announced.string("upload.headers.Content-Type") == "text/plain")
      let path = try announced.string("upload.url")
      #expect(try ProblemAnswer(try await ann.complete(id), 409).code == "conflict")
      #expect(try await ann.api.get("/api/attachments/\(id)").expect(200).string("state") == "pending")
      #expect(try await bob.api.get("/api/attachments/\(id)").status == 404)
      #expect(try await ann.api.get("/api/attachments/\(id)/content").status == 409)
      // The path is the right to do it: no token goes with it.
      let anybody = stack.client()
      try await anybody.request("PUT", path, bytes: content, headers: ["Content-Type": "text/plain"]).expect(204)
      // Who has had no answer does it again.
      try await anybody.request("PUT", path, bytes: content).expect(204)
      for _ in 0..<2 { #expect(try await ann.complete(id).expect(200).string("state") == "ready") }

      let live = try await stack.joined(bob, room)
      #expect(try await ann.send(id, to: room).expect(201).string("attachmentId") == id)
      try await live.wait("the message") { live.seqs.count == 1 }
      let read = try await bob.api.get("/api/conversations/\(room)/messages").expect(200)
      #expect(read["messages"]?[0]?["attachmentId"]?.string == id)

      let known = try await bob.api.get("/api/attachments/\(id)").expect(200)
      #expect(try known.string("name") == "Übersicht \"1\".txt" && known.int("size") == 5_000_000)
      #expect(try known.string("sha256") == Hex.encode(SHA256.digest(content)))
      #expect(known["upload"] == nil && known["completedAt"] != nil)
      let got = try await anybody.get(try known.string("download.url")).expect(200)
      #expect(got.body == content)
      #expect(got.headers["content-type"] == "text/plain" && got.headers["x-content-type-options"] == "nosniff")
      #expect(got.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox")
      #expect(
        got.headers["content-disposition"]
          == "attachment; filename=\"_bersicht _1_.txt\"; filename*=UTF-8''%C3%9Cbersicht%20%221%22.txt")
      let redirect = try await bob.api.get("/api/attachments/\(id)/content").expect(302)
      let location = try #require(redirect.headers["location"])
      #expect(try await anybody.get(location).expect(200).body == content)
      for path in ["/api/attachments/\(id)", "/api/attachments/\(id)/content"] {
        #expect(try ProblemAnswer(try await eve.api.get(path), 404).code == "not_found")
        #expect(try await anybody.get(path).status == 401)
      }
      for person in [bob, eve] { #expect(try await person.complete(id).status == 404) }
      // Who leaves sees it no more.
      _ = try await bob.api.delete("/api/conversations/\(room)/participants/\(bob.id)").expect(204)
      #expect(try await bob.api.get("/api/attachments/\(id)").status == 404)
    }
  }

  @Test("parts of a file are got by range, and what is known is not sent again")
  func ranges() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let room = try await stack.group(ann)
      let content = pattern(300_000)
      let id = try await ann.upload(content, to: room, name: "a.bin", type: "application/octet-stream")
      let path = try await ann.api.get("/api/attachments/\(id)").expect(200).string("download.url")
      let client = stack.client()
      let whole = try await client.get(path).expect(200)
      let tag = try #require(whole.headers["etag"])
      #expect(whole.headers["accept-ranges"] == "bytes")
      let parts: [(String, Range<Int>)] = [
        ("bytes=0-0", 0..<1), ("bytes=100-", 100..<300_000), ("bytes=-5", 299_995..<300_000),
        ("bytes=299999-400000", 299_999..<300_000), ("bytes=1000-140000", 1000..<140_001),
        ("bytes=-900000", 0..<300_000),
      ]
      for (field, range) in parts {
        let answer = try await client.get(path, headers: ["Range": field]).expect(206)
        #expect(answer.body == Array(content[range]), "\(field)")
        #expect(answer.headers["content-range"] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/300000")
      }
      for field in ["bytes=300000-", "bytes=-0"] {
        let answer = try await client.get(path, headers: ["Range": field])
        #expect(try ProblemAnswer(answer, 416).code == "range_not_satisfiable")
        #expect(answer.headers["content-range"] == "bytes */300000")
      }
      for field in ["bytes=5-1", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes=-"] {
        #expect(try await client.get(path, headers: ["Range": field]).expect(200).body.count == 300_000, "\(field)")
      }
      #expect(try await client.get(path, headers: ["Range": "bytes=0-1", "If-Range": tag]).status == 206)
      #expect(try await client.get(path, headers: ["Range": "bytes=0-1", "If-Range": "\"x\""]).status == 200)
      #expect(try await client.get(path, headers: ["If-None-Match": tag]).expect(304).body.isEmpty)
      let head = try await client.request("HEAD", path).expect(200)
      #expect(head.headers["content-length"] == "300000")
    }
  }

  @Test("what is too long, of a type that is not taken, badly named or for others' conversations is not announced")
  func refusals() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let room = try await stack.group(ann)
      let bytes = Array("hello".utf8)
      let large = try await ann.announce(bytes, in: room, size: (25 << 20) + 1)
      #expect(try ProblemAnswer(large, 413).field == "size")
      for type in ["text/html", "application/x-msdownload", "nonsense", "a/b/c", "text/plain, text/html", "image/"] {
        #expect(try ProblemAnswer(try await ann.announce(bytes, in: room, type: type), 400).field == "contentType")
      }
      for name in ["", "../secret", "a\\b", "a\nb", "..", String(repeating: "x", count: 256)] {
        #expect(try ProblemAnswer(try await ann.announce(bytes, in: room, name: name), 400).field == "name")
      }
      for checksum in ["", "00", String(repeating: "g", count: 64)] {
        let answer = try await ann.announce(bytes, in: room, checksum: checksum)
        #expect(try ProblemAnswer(answer, 400).field == "sha256")
      }
      #expect(try ProblemAnswer(try await ann.announce(bytes, in: room, size: 0), 400).field == "size")
      let eve = try await stack.person("eve")
      #expect(try await eve.announce(bytes, in: room).status == 404)
      #expect(try await ann.announce(bytes, in: ann.id).status == 404)
      for type in ["IMAGE/PNG", "text/plain; charset=utf-8", "application/vnd.ms-excel"] {
        try await ann.announce(bytes, in: room, type: type).expect(201)
      }
    }
  }

  @Test("nothing but the content that was announced is taken")
  func wrongContent() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let room = try await stack.group(ann)
      let content = pattern(200_000)
      let announced = try await ann.announce(content, in: room).expect(201)
      let path = try announced.string("upload.url")
      func put(_ bytes: [UInt8], _ path: String) async throws -> Answer {
        let client = stack.client()
        defer { client.close() }
        return try await client.request("PUT", path, bytes: bytes)
      }
      var other = content
      other[150_000] ^= 1
      #expect(try ProblemAnswer(try await put(other, path), 400).field == "sha256")
      #expect(try ProblemAnswer(try await put(Array(content.dropLast()), path), 400).field == "size")
      #expect(try ProblemAnswer(try await put(content + [0], path), 413).code == "too_large")
      #expect(try ProblemAnswer(try await put([], path), 400).field == "size")
      // Without a length beforehand.
      for extra in ["", "1\r\nx\r\n"] {
        let socket = try await RawSocket.connect(to: stack.api.port, stack.loop)
        socket.write("PUT \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        socket.write(Array("30D40\r\n".utf8) + content + Array("\r\n\(extra)0\r\n\r\n".utf8))
        let answer = try await socket.readToEnd()
        #expect(answer.hasPrefix(extra.isEmpty ? "HTTP/1.1 204" : "HTTP/1.1 413"), "\(answer.prefix(200))")
        if !extra.isEmpty { continue }
        #expect(try await ann.complete(try announced.string("id")).expect(200).string("state") == "ready")
      }
      // It begins otherwise than an image of that type does.
      for (bytes, type, status) in [
        (content, "image/png", 400), (picture, "image/png", 204), (picture, "image/jpeg", 400),
        (picture, "image/unknown", 400), (Array("<svg></svg>".utf8), "image/svg+xml", 204),
        (Array("<script></script>".utf8), "image/svg+xml", 400),
      ] {
        let announced = try await ann.announce(bytes, in: room, name: "a.png", type: type).expect(201)
        let answer = try await put(bytes, try announced.string("upload.url"))
        #expect(answer.status == status, "\(type)")
        if status == 400 { #expect(try ProblemAnswer(answer, 400).field == "contentType") }
      }
    }
  }

  @Test("a path that was given out is good for its file, its method and its time only")
  func paths() async throws {
    try await withFileServer(["--attachments-url-lifetime", "6s"]) { server in
      let ann = try await server.person("ann")
      let room = try await server.group(ann)
      let bytes = Array("hello".utf8)
      let announced = try await ann.announce(bytes, in: room).expect(201)
      let path = try announced.string("upload.url")
      let id = try announced.string("id")
      let other = try await ann.announce(bytes, in: room).expect(201).string("id")
      let expires = try #require(path.firstRange(of: "expires="))
      let later = path[..<expires.upperBound] + "9" + path[expires.upperBound...]
      let wrong = [
        "/api/attachments/\(id)/data", String(path.dropLast()), String(path.dropLast()) + "!",
        String(later), path + "A", "/api/attachments/\(other)/data" + path.drop { $0 != "?" },
      ]
      // A refused upload ends its connection.
      func request(_ method: String, _ path: String) async throws -> Answer {
        let client = server.client()
        defer { client.close() }
        return try await client.request(method, path, bytes: method == "PUT" ? bytes : nil)
      }
      for path in wrong {
        for method in ["PUT", "GET"] {
          #expect(try ProblemAnswer(try await request(method, path), 403).code == "forbidden")
        }
      }
      #expect(try await request("GET", path).status == 403)
      let fresh = try await ann.announce(bytes, in: room).expect(201)
      let known = try fresh.string("id")
      #expect(try await request("PUT", try fresh.string("upload.url")).status == 204)
      let download = try await ann.api.get("/api/attachments/\(known)").expect(200).string("download.url")
      #expect(try await request("GET", download).expect(200).body == bytes)
      #expect(try await request("PUT", download).status == 403)
      try await eventually(within: .seconds(30), "the end of the path") {
        try await request("GET", download).status == 403
      }
      #expect(try await request("GET", download)["detail"]?.string == "The URL has expired.")
      #expect(try await request("PUT", path)["detail"]?.string == "The URL has expired.")
    }
  }

  @Test("a message names a complete file of its sender's in its conversation, and no other")
  func messages() async throws {
    try await withStack { stack in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let room = try await stack.group(ann, [bob])
      let elsewhere = try await stack.group(ann)
      let text = try await ann.upload(Array("hello".utf8), to: room)
      let image = try await ann.upload(picture, to: room, name: "a.png", type: "image/png")
      let pending = try await ann.announce(picture, in: room).expect(201).string("id")
      func refused(_ answer: Answer) throws {
        #expect(try ProblemAnswer(answer, 400).field == "attachmentId")
      }
      try refused(try await ann.send(pending, to: room))
      try refused(try await bob.send(text, to: room))
      try refused(try await ann.send(text, to: elsewhere))
      try refused(try await ann.send(ann.id, to: room))
      try refused(try await ann.send(text, to: room, type: "image"))
      #expect(try await bob.send(text, to: elsewhere).status == 404)
      for (id, type) in [(text, "file"), (image, "file"), (image, "image"), (image, "image")] {
        #expect(try await ann.send(id, to: room, type: type).expect(201).string("attachmentId") == id)
      }
      let rows: [JSONLiteral] = [(text, "file"), (pending, "file"), (image, "image")].map { id, type in
        ["conversationId": .string(room), "type": .string(type), "attachmentId": .string(id)]
      }
      let batch = try await ann.api.post("/api/messages/batch", ["messages": .array(rows)]).expect(200)
      #expect(batch["results"]?.array?.map { $0["status"]?.int } == [201, 400, 201])
      let socket = try await stack.socket(ann)
      let ack = try await socket.emit(
        "message:send", ["conversationId": .string(room), "type": "file", "attachmentId": .string(pending)])
      #expect(ack["error"]?["field"]?.string == "attachmentId")
    }
  }

  @Test("a user's uploads under way, and what their files come to, are limited")
  func limits() async throws {
    try await withFileServer(["--attachments-max-pending", "2", "--attachments-quota", "1000B"]) { server in
      let ann = try await server.person("ann")
      let room = try await server.group(ann)
      _ = try await ann.upload([UInt8](repeating: 65, count: 600), to: room)
      #expect(
        try ProblemAnswer(try await ann.announce([UInt8](repeating: 65, count: 401), in: room), 413).field == "size")
      for _ in 0..<2 { try await ann.announce([1, 2], in: room).expect(201) }
      #expect(try ProblemAnswer(try await ann.announce([1, 2], in: room), 409).code == "conflict")
      let bob = try await server.person("bob")
      try await bob.announce([1, 2], in: try await server.group(bob)).expect(201)
    }
  }
}
