// ClientTests: the official clients that people's apps use, unchanged, against the built `chatd`.
//
// JavaScript: socket.io-client, @socket.io/redis-emitter, and the reference server with its Redis adapter, in the
// versions of `JavaScript/package.json`. Python: python-socketio. Each scenario is a script of its own, which can be run
// by hand too; a test starts what it needs, runs the script, and wants exit 0 and "DONE".
//
// Also here: the README's commands, run word for word.

import ChatKit
import Glibc
import Synchronization
import TestSupport

/// An API and two gateways, each a process of its own.
struct ClientStack: Sendable {
  let api: Chatd
  let gateways: [Chatd]
  let redis: EmbeddedServers
  var redisSocket: String { redis.redisSocket }

  var environment: [String: String] {
    [
      "CHAT_URL": api.url, "CHAT_GATEWAYS": gateways.map(\.url).joined(separator: ","),
      "CHAT_REDIS_SOCKET": redisSocket,
    ]
  }

  private static let databases = Atomic<Int>(0)

  /// The one that all tests share which kill nothing.
  static var shared: ClientStack { get async throws { try await sharing.value } }

  private static let sharing = Task<ClientStack, any Error> { try await start([:]).stack }

  private static func start(
    _ environment: [String: String]
  ) async throws -> (stack: ClientStack, redis: EmbeddedServers) {
    let (installation, redis) = try await install(environment)
    let api = try await installation.start("api")
    let gateways = [try await installation.start("gateway"), try await installation.start("gateway")]
    return (ClientStack(api: api, gateways: gateways, redis: redis), redis)
  }

  /// On the PostgreSQL that all tests share and a Redis of its own.
  private static func install(
    _ environment: [String: String]
  ) async throws -> (installation: Installation, redis: EmbeddedServers) {
    _ = try await TestServers.shared
    let database = "clients_\(databases.wrappingAdd(1, ordering: .relaxed).newValue)"
    try await TestDatabase.sql("CREATE DATABASE \(database) TEMPLATE template0")
    var options = EmbeddedOptions()
    options.services = [.redis]
    options.isDurable = false
    let redis = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
    var installation = Installation(
      postgres: try await TestDatabase.connectionString(to: database), redis: "unix://\(redis.redisSocket)",
      secrets: "\(try TemporaryFolder.make())/secrets")
    installation.environment = environment
    return (installation, redis)
  }

  /// Backends of its own, on which the test starts what it wants.
  static func withInstallation(_ body: (Installation) async throws -> Void) async throws {
    let (installation, redis) = try await install([:])
    var failure: (any Error)?
    do {
      try await body(installation)
    } catch {
      failure = error
    }
    await redis.stop()
    if let failure { throw failure }
  }

  /// One of its own, whose processes the test may kill; what still runs afterwards is stopped.
  /// - Parameter environment: of the API and the gateways.
  static func with(
    environment: [String: String] = [:], _ body: (ClientStack) async throws -> Void
  ) async throws {
    let (stack, redis) = try await start(environment)
    var failure: (any Error)?
    do {
      try await body(stack)
    } catch {
      failure = error
    }
    for chatd in stack.gateways + [stack.api] { _ = try? await chatd.process.stop() }
    await redis.stop()
    if let failure { throw failure }
  }
}

/// Where things lie in the checkout.
enum Checkout {
  /// The package's folder.
  static let root: String = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" }
  static let javaScript = "\(root)/Tests/ClientTests/JavaScript"
  static let python = "\(root)/Tests/ClientTests/Python"
}

/// Runs a script to its end; throws with its output unless it has succeeded.
func runScript(
  _ program: String, _ arguments: [String], environment: [String: String], directory: String? = nil,
  within limit: Duration = .seconds(90)
) async throws {
  let process = try await TestProcess.start(program, arguments, environment: environment, directory: directory)
  try await expectDone(process, arguments, within: limit)
}

func expectDone(_ process: TestProcess, _ arguments: [String], within limit: Duration = .seconds(90)) async throws {
  let exit: TestProcess.Exit
  do {
    exit = try await process.waitForExit(within: limit)
  } catch {
    process.signal(SIGKILL)
    throw error
  }
  guard exit == .code(0), process.output.contains("DONE") else {
    throw TestFailure("\(arguments.joined(separator: " ")) ended with \(exit):\n\(process.output)")
  }
}
