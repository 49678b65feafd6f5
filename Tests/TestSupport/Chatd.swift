package import ChatKit
import Glibc

/// A `chatd` of a test: a process of its own, listening on the loopback interface.
package struct Chatd: Sendable {
  package let process: TestProcess
  package let port: UInt16
  package let arguments: [String]
  package let environment: [String: String]

  package var url: String { "http://127.0.0.1:\(port)" }

  /// Starts the built program and waits until it listens.
  /// - Parameter port: 0 takes a free one.
  package static func start(
    _ arguments: [String], port: UInt16 = 0, environment: [String: String] = [:], within limit: Duration = .seconds(60)
  ) async throws -> Chatd {
    let process = try await TestProcess.start(
      "chatd", arguments + ["--listen", "127.0.0.1:\(port)"], environment: environment)
    let line = try await process.waitForLine(containing: " listens on ", within: limit)
    guard let at = line.firstRange(of: " listens on 127.0.0.1:"),
      let port = UInt16(line[at.upperBound...].prefix { $0.isNumber })
    else { throw TestFailure("no address in '\(line)'") }
    return Chatd(process: process, port: port, arguments: arguments, environment: environment)
  }

  /// The same program on the same port again, after its end.
  package func startAgain(within limit: Duration = .seconds(60)) async throws -> Chatd {
    try await Chatd.start(arguments, port: port, environment: environment, within: limit)
  }
}

/// What the processes of one installation share: the backends and the folder of the secrets.
package struct Installation: Sendable {
  package var postgres: String
  package var redis: String
  package var secrets: String
  /// Options of every process besides: the bus, for one.
  package var options: [String] = []
  /// Event loops of each process; few, for a test has many processes.
  package var loops = 1
  /// The limits of users: those of people are too small for tests, which say in seconds what people do in a day. nil:
  /// those that chatd has by itself.
  package var limits: String? = "100000000/1m"
  /// Settings for each process.
  package var environment: [String: String] = [:]

  package init(postgres: String, redis: String, secrets: String) {
    self.postgres = postgres
    self.redis = redis
    self.secrets = secrets
  }

  /// On servers of its own, which the test may kill.
  package init(_ servers: EmbeddedServers) throws {
    self.init(
      postgres: servers.postgresConnectionString, redis: "unix://\(servers.redisSocket)",
      secrets: "\(try TemporaryFolder.make())/secrets")
  }

  /// Starts one of its processes.
  package func start(_ role: String, port: UInt16 = 0, redis: String? = nil) async throws -> Chatd {
    var environment = environment
    for kind in ["LOGINS", "READS", "WRITES", "SENDS", "SEARCHES", "EVENTS", "CONNECTS"] where limits != nil {
      environment["CHATD_LIMITS_USER_\(kind)"] = environment["CHATD_LIMITS_USER_\(kind)"] ?? limits
    }
    return try await Chatd.start(
      [
        role, "--postgres", postgres, "--redis", redis ?? self.redis, "--secrets", secrets, "--loops", "\(loops)",
        "--log-level", "warning",
      ] + options, port: port, environment: environment)
  }
}
