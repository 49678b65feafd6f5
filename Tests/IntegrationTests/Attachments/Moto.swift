import Glibc
import Networking
import TestSupport

/// moto's server, which speaks S3; nothing of it is in this repository.
struct Moto: Sendable {
  private static let root: String = #filePath.split(separator: "/").dropLast(4).reduce(into: "") { $0 += "/\($1)" }
  private static let program = "\(root)/.venv/bin/moto_server"

  /// Says when it is missing. On a machine that is to test everything that is a failure, not a reason to skip.
  static let isThere: Bool = {
    if access(program, X_OK) == 0 { return true }
    let isRequired = getenv("CI") != nil
    print(
      "MISSING: moto (make test installs it in .venv): the tests with it are \(isRequired ? "run, and fail" : "skipped")"
    )
    return isRequired
  }()

  let process: TestProcess
  let port: UInt16

  var endpoint: String { "http://127.0.0.1:\(port)" }

  /// Starts one with an empty bucket.
  static func start(bucket: String) async throws -> Moto {
    let port = try FreePort.pick(1)
    let process = try await TestProcess.start(program, ["-H", "127.0.0.1", "-p", "\(port)"])
    let moto = Moto(process: process, port: port)
    try await withLoop { loop in
      let client = APIClient(port: port, loop: loop)
      try await eventually("moto") {
        guard process.isRunning else { throw TestFailure("moto has ended:\n\(process.output)") }
        return try await client.made(bucket)
      }
      client.close()
    }
    return moto
  }
}

extension APIClient {
  fileprivate func made(_ bucket: String) async throws -> Bool {
    do {
      return try await request("PUT", "/\(bucket)", bytes: []).status == 200
    } catch is Unanswered {
      return false
    }
  }
}
