import ChatKit
import Glibc
import JSON
import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@Suite("Files that nobody needs, and processes that die")
struct AttachmentCollectionTests {
  private func store(_ server: FileServer) throws -> LocalObjectStore {
    try LocalObjectStore(folder: server.folder, paths: SignedPath(secret: []))
  }

  /// One collector's rounds until nothing is left to do: how many files are gone.
  private func collect(_ server: FileServer, settling: Duration = .zero) async throws -> Int {
    try await server.withPool { pool in
      var settings = AttachmentCollector.Settings()
      settings.settling = settling
      settings.batch = 2
      let collector = AttachmentCollector(pool: pool, store: try store(server), settings: settings)
      var all = 0
      while true {
        let round = try await collector.round()
        all += round.removed
        if round.due == 0 { return all }
      }
    }
  }

  @Test("what was never completed, what no message names in time, and what deleted messages named is removed")
  func orphans() async throws {
    try await withFileServer { server in
      let ann = try await server.person("ann")
      let room = try await server.group(ann)
      func file(_ text: String) async throws -> String { try await ann.upload(Array(text.utf8), to: room) }
      let (named, unnamed, deleted, edited) = (
        try await file("named"), try await file("unnamed"), try await file("deleted"), try await file("edited")
      )
      let pending = try await ann.announce([1], in: room).expect(201).string("id")
      _ = try await ann.send(named, to: room).expect(201)
      let first = try await ann.send(deleted, to: room).expect(201).string("id")
      let second = try await ann.send(deleted, to: room).expect(201).string("id")
      let caption = try await ann.send(edited, to: room).expect(201).string("id")
      #expect(server.files.count == 4)
      // Nothing is due before a day has passed.
      #expect(try await collect(server) == 0)
      try await ann.api.delete("/api/messages/\(first)").expect(200)
      // Another message still names it.
      #expect(try await collect(server) == 0)
      _ = try await ann.api.request("PATCH", "/api/messages/\(caption)", ["body": "a caption"]).expect(200)
      try await ann.api.delete("/api/messages/\(second)").expect(200)
      // What a message took hold of just now may be about to be committed.
      #expect(try await collect(server, settling: .seconds(600)) == 0)
      _ = try await server.sql("UPDATE attachments SET check_at = now() WHERE check_at > now() AND used_at IS NOT NULL")
      #expect(try await collect(server) == 1)
      #expect(try await ann.api.get("/api/attachments/\(deleted)").status == 404)
      #expect(try await ann.api.get("/api/attachments/\(unnamed)").status == 200)
      _ = try await server.sql("UPDATE attachments SET check_at = now() WHERE check_at IS NOT NULL")
      #expect(try await collect(server) == 2)
      for id in [unnamed, pending] { #expect(try await ann.api.get("/api/attachments/\(id)").status == 404) }
      #expect(Set(server.files.map { String($0.dropFirst(3)) }) == [named, edited])
      for id in [named, edited] { #expect(try await ann.api.get("/api/attachments/\(id)").status == 200) }
      // What is known to be named is not looked at again; what is gone cannot be named.
      #expect(try await server.sql("SELECT count(*) FROM attachments WHERE check_at IS NOT NULL") == "0\n")
      #expect(try await server.sql("SELECT count(*) FROM attachment_uses") == "2\n")
      #expect(try ProblemAnswer(try await ann.send(unnamed, to: room), 400).field == "attachmentId")
    }
  }

  @Test("a collector that died after marking is finished by the next, and two do not meet")
  func restart() async throws {
    try await withFileServer { server in
      let ann = try await server.person("ann")
      let room = try await server.group(ann)
      for number in 0..<5 { _ = try await ann.upload(Array("\(number)".utf8), to: room) }
      // As the first step of a round leaves them.
      _ = try await server.sql("UPDATE attachments SET state = 'deleted', check_at = now()")
      try await server.withPool { pool in
        let collector = AttachmentCollector(pool: pool, store: try store(server))
        try await pool.withConnection { other in
          _ = try await other.query("SELECT pg_advisory_lock($1)", Int64(0x6174_7461_6368_6d65))
          #expect(try await collector.round().due == 0)
          _ = try await other.query("SELECT pg_advisory_unlock($1)", Int64(0x6174_7461_6368_6d65))
        }
      }
      #expect(server.files.count == 5)
      #expect(try await collect(server) == 5)
      #expect(server.files.isEmpty)
      #expect(try await server.sql("SELECT count(*) FROM attachments") == "0\n")
    }
  }

  @Test(
    "kill -9 in the middle of an upload: nothing is complete, the same URL is good again, and what is left is swept")
  func killed() async throws {
    try await withFileServer { server in
      let ann = try await server.person("ann")
      let room = try await server.group(ann)
      let content = [UInt8](repeating: 66, count: 3_000_000)
      let announced = try await ann.announce(content, in: room).expect(201)
      let (id, path) = (try announced.string("id"), try announced.string("upload.url"))
      let socket = try await RawSocket.connect(to: server.api.port, server.loop)
      socket.write("PUT \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: \(content.count)\r\n\r\n")
      socket.write(Array(content[..<2_000_000]))
      try await eventually("half of the file") {
        server.files.contains { name in
          var status = stat()
          return name.hasPrefix("incoming/") && stat("\(server.folder)/\(name)", &status) == 0
            && status.st_size >= 1_000_000
        }
      }
      try await server.api.process.killNow()
      socket.close()
      let again = try await server.api.startAgain()
      let token = ann.token
      let client = APIClient(port: again.port, loop: server.loop, token: token)
      #expect(
        try ProblemAnswer(try await client.request("POST", "/api/attachments/\(id)/complete"), 409).code == "conflict")
      #expect(try await client.get("/api/attachments/\(id)").expect(200).string("state") == "pending")
      try await client.request("PUT", path, bytes: content, headers: ["Authorization": "none"]).expect(204)
      #expect(try await client.get("/api/attachments/\(id)").expect(200).string("state") == "ready")
      #expect(server.files.count == 2)
      let store = try store(server)
      try await store.sweep()
      #expect(server.files.count == 2)
      try await store.sweep(olderThan: 0)
      #expect(server.files == ["\(id.suffix(2))/\(id)"])
      // A process that died between the file and its row: to complete it is enough.
      _ = try await server.sql("UPDATE attachments SET state = 'pending', completed_at = NULL")
      #expect(
        try await client.request("POST", "/api/attachments/\(id)/complete").expect(200).string("state") == "ready")
      client.close()
      again.process.signal(SIGKILL)
    }
  }
}
