import JSON
import TestSupport

/// `chatctl` against the installation that the tests share.
struct Tool: Sendable {
  let installation: Installation

  /// Runs it to its end. Throws unless it ends with `code`, with what it said.
  @discardableResult
  func run(_ words: [String], code: Int32 = 0, within limit: Duration = .seconds(60)) async throws -> String {
    let result = try await TestProcess.run(
      "chatctl",
      words + place,
      within: limit)
    guard result.exit == .code(code) else {
      throw TestFailure("chatctl \(words.joined(separator: " ")): \(result.exit), not \(code): \(result.output)")
    }
    return result.output
  }

  /// Starts it, to be watched.
  func start(_ words: [String]) async throws -> TestProcess { try await TestProcess.start("chatctl", words + place) }

  private var place: [String] {
    ["--postgres", installation.postgres, "--redis", installation.redis, "--secrets", installation.secrets]
  }

  /// Its answer as JSON.
  func json(_ words: [String], code: Int32 = 0) async throws -> JSONValue {
    let text = try await run(words + ["-o", "json"], code: code)
    do {
      return try JSONDocument(parsing: text).root
    } catch { throw TestFailure("chatctl \(words.joined(separator: " ")): no JSON: \(text)") }
  }
}
