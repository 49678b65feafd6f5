import ChatKit
import Commands
import Testing

/// A program that has the settings for options, as chatd has.
enum Tool {
  static let program = Program(
    Command("tool", summary: "Has settings", options: ServerOptions.settings) { _ in .done }, version: "1")

  static func invocation(
    _ arguments: [String] = [], environment: [String: String] = [:], file: ServerFile? = nil
  ) throws -> Invocation {
    let request = try program.parse(arguments, environment: { environment[$0] }) { _ in file?.context() ?? [:] }
    guard case .run(let invocation) = request else { throw Unexpected() }
    return invocation
  }

  static func options(
    _ arguments: [String] = [], environment: [String: String] = [:], file: ServerFile? = nil
  ) throws -> ServerOptions {
    ServerOptions(try invocation(arguments, environment: environment, file: file))
  }

  struct Unexpected: Error {}
}
