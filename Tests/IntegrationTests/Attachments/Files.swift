import ChatKit
import Glibc
import JSON
import Networking
import Postgres
import Primitives
import TestSupport

/// What a client does with files.
extension Person {
  /// Announces one; the answer, whatever it is.
  func announce(
    _ bytes: [UInt8], in conversation: String, name: String = "notes.txt", type: String = "text/plain",
    size: Int? = nil, checksum: String? = nil
  ) async throws -> Answer {
    try await api.post(
      "/api/attachments",
      [
        "conversationId": .string(conversation), "name": .string(name), "contentType": .string(type),
        "size": .integer(Int64(size ?? bytes.count)), "sha256": .string(checksum ?? Hex.encode(SHA256.digest(bytes))),
      ])
  }

  func complete(_ attachment: String) async throws -> Answer {
    try await api.request("POST", "/api/attachments/\(attachment)/complete")
  }

  /// Sends a message with a file; the answer, whatever it is.
  func send(_ attachment: String, to conversation: String, type: String = "file") async throws -> Answer {
    try await api.post(
      "/api/messages",
      ["conversationId": .string(conversation), "type": .string(type), "attachmentId": .string(attachment)])
  }

  /// Announces and brings a file to a folder of chatd's; its identifier.
  func upload(
    _ bytes: [UInt8], to conversation: String, name: String = "notes.txt", type: String = "text/plain"
  ) async throws -> String {
    let announced = try await announce(bytes, in: conversation, name: name, type: type).expect(201)
    let client = APIClient(port: api.port, loop: api.loop)
    try await client.request(
      "PUT", try announced.string("upload.url"), bytes: bytes, headers: ["Content-Type": type]
    ).expect(204)
    client.close()
    let id = try announced.string("id")
    try await complete(id).expect(200)
    return id
  }
}

/// The smallest of pictures: it begins as a PNG, and nobody looks further.
let picture: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + Array("not quite a picture".utf8)

/// An API of a test's own, with its database and its files.
struct FileServer: Sendable {
  let database: String
  let folder: String
  let api: Chatd
  let loop: EventLoop
  let installation: Installation

  /// Runs chatctl with the options of the API; what it says.
  func chatctl(_ words: [String]) async throws -> String {
    let place = ["--postgres", installation.postgres, "--redis", installation.redis, "--secrets", installation.secrets]
    let result = try await TestProcess.run("chatctl", words + place + installation.options)
    guard result.exit == .code(0) else { throw TestFailure("chatctl \(words): \(result.exit): \(result.output)") }
    return result.output
  }

  func client(_ token: String? = nil) -> APIClient { APIClient(port: api.port, loop: loop, token: token) }

  func person(_ base: String) async throws -> Person {
    try await Stack.register(Stack.uniqueName(base), with: client())
  }

  func group(_ admin: Person, _ others: [Person] = []) async throws -> String {
    try await admin.api.post(
      "/api/conversations",
      ["type": "group", "title": "files", "participants": .array(others.map { .string($0.id) })]
    ).expect(201).string("id")
  }

  func sql(_ text: String) async throws -> String { try await TestDatabase.sql(text, database: database) }

  /// What is in the folder, but for the folders themselves.
  var files: [String] {
    FileTree.names(in: folder).flatMap { name in FileTree.names(in: "\(folder)/\(name)").map { "\(name)/\($0)" } }
      .sorted()
  }

  /// A pool of the test's own.
  func withPool<Result: Sendable>(_ body: (PostgresPool) async throws -> Result) async throws -> Result {
    var configuration = PostgresConfiguration(
      connectionString: try await TestDatabase.connectionString(to: database))
    configuration.poolSize = 2
    let pool = PostgresPool(configuration, loop: loop)
    do {
      let result = try await body(pool)
      await pool.close()
      return result
    } catch {
      await pool.close()
      throw error
    }
  }
}

/// Runs `body` with an API of its own.
func withFileServer(
  _ options: [String] = [], _ body: @escaping @Sendable (FileServer) async throws -> Void
) async throws {
  let redis = try await TestRedis.make()
  let database = "files_\(getpid())_\(redis.database)"
  try await TestDatabase.sql("CREATE DATABASE \(database) TEMPLATE template0")
  let folder = "\(try TemporaryFolder.make())/files"
  var installation = Installation(
    postgres: try await TestDatabase.connectionString(to: database),
    redis: "unix://\(redis.socket)?db=\(redis.database)", secrets: "\(try TemporaryFolder.make())/secrets")
  installation.options = ["--attachments-folder", folder] + options
  let api = try await installation.start("api")
  let made = installation
  try await withLoop { loop in
    try await body(FileServer(database: database, folder: folder, api: api, loop: loop, installation: made))
  }
  api.process.signal(SIGKILL)
}
