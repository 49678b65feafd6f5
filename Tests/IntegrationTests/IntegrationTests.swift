// IntegrationTests: whole processes. The built `chatd` runs as child processes on free ports, with a real PostgreSQL and
// a real Redis, and is spoken to over the network only.
//
// `withStack` gives a test the installation that all tests share (an API and two gateways, each a process of its own)
// and a loop for its clients. Tests that kill something start their own. Users have new names in every test, so the
// tests run in parallel.

import ChatKit
import Glibc
import JSON
import Networking
import Synchronization
import TestSupport

/// One registered user with a connection to the API.
struct Person: Sendable {
  let id: String
  let name: String
  let token: String
  let refreshToken: String
  let api: APIClient
}

/// What a test works with. On its loop.
struct Stack: Sendable {
  let api: Chatd
  let gateways: [Chatd]
  let loop: EventLoop

  /// A new connection to the API.
  func client(_ token: String? = nil) -> APIClient { APIClient(port: api.port, loop: loop, token: token) }

  private static let counter = Atomic<Int>(0)

  /// A name nobody has.
  static func uniqueName(_ base: String = "user") -> String {
    "\(base)-\(getpid())-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
  }

  /// Registers a user.
  func person(_ base: String = "user") async throws -> Person {
    try await Self.register(Self.uniqueName(base), with: client())
  }

  static func register(_ name: String, with client: APIClient) async throws -> Person {
    let answer = try await client.post(
      "/api/auth/register", ["username": .string(name), "password": "correct horse battery"]
    ).expect(201)
    client.token = try answer.string("accessToken")
    return Person(
      id: try answer.string("user.id"), name: name, token: try answer.string("accessToken"),
      refreshToken: try answer.string("refreshToken"), api: client)
  }

  /// A group of `admin` and others; its id.
  func group(_ admin: Person, _ others: [Person] = [], title: String = "a group") async throws -> String {
    try await admin.api.post(
      "/api/conversations",
      ["type": "group", "title": .string(title), "participants": .array(others.map { .string($0.id) })]
    ).expect(201).string("id")
  }

  /// Sends a text message; the answer, whatever it is.
  func send(
    _ body: String, to conversation: String, by person: Person, key: String? = nil
  ) async throws -> Answer {
    try await person.api.post(
      "/api/messages", ["conversationId": .string(conversation), "body": .string(body)],
      headers: key.map { ["Idempotency-Key": $0] } ?? [:])
  }

  /// A socket of `person` on one of the gateways.
  func socket(_ person: Person, gateway: Int = 0) async throws -> SocketClient {
    try await SocketClient.connect(to: gateways[gateway].port, token: person.token, loop: loop)
  }

  /// A socket that has joined a conversation.
  func joined(_ person: Person, _ conversation: String, gateway: Int = 0) async throws -> SocketClient {
    let socket = try await socket(person, gateway: gateway)
    let ack = try await socket.join(conversation)
    guard ack["ok"]?.bool == true else {
      throw TestFailure("join was refused: \(String(decoding: ack.rawBytes, as: UTF8.self))")
    }
    return socket
  }
}

/// The installation that the tests share; started by the first of them.
private enum SharedInstallation {
  static let processes = Task<(Chatd, [Chatd], Installation), any Error> {
    _ = try await TestServers.shared
    try await TestDatabase.sql("CREATE DATABASE integration TEMPLATE template0")
    // A Redis of its own: what is said to all rooms knows no databases.
    var options = EmbeddedOptions()
    options.services = [.redis]
    options.isDurable = false
    let redis = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
    var installation = Installation(
      postgres: try await TestDatabase.connectionString(to: "integration"), redis: "unix://\(redis.redisSocket)",
      secrets: "\(try TemporaryFolder.make())/secrets")
    installation.options = ["--attachments-folder", "\(try TemporaryFolder.make())/files"]
    let api = try await installation.start("api")
    let gateways = [try await installation.start("gateway"), try await installation.start("gateway")]
    return (api, gateways, installation)
  }
}

/// Runs `body` on a loop of its own with the shared installation.
func withStack(_ body: @escaping @Sendable (Stack) async throws -> Void) async throws {
  let (api, gateways, _) = try await SharedInstallation.processes.value
  try await withLoop { loop in try await body(Stack(api: api, gateways: gateways, loop: loop)) }
}

/// The same with `chatctl` for that installation.
func withTool(_ body: @escaping @Sendable (Stack, Tool) async throws -> Void) async throws {
  let (api, gateways, installation) = try await SharedInstallation.processes.value
  try await withLoop { loop in
    try await body(Stack(api: api, gateways: gateways, loop: loop), Tool(installation: installation))
  }
}

/// What an RFC 9457 problem says.
struct ProblemAnswer {
  var code: String
  var field: String?

  /// Throws unless the answer is a complete problem of that status.
  init(_ answer: Answer, _ status: Int) throws {
    try answer.expect(status)
    guard answer.headers["content-type"] == "application/problem+json" else {
      throw TestFailure("a problem of type \(answer.headers["content-type"] ?? "none")")
    }
    guard try answer.int("status") == status, try !answer.string("title").isEmpty, try !answer.string("type").isEmpty
    else { throw TestFailure("an incomplete problem: \(answer.text)") }
    code = try answer.string("code")
    field = answer["field"]?.string
  }
}
