import Glibc
import TestSupport
import Testing

/// Programs of the system that tests run, and files for them.
enum Tools {
  /// Where a program is; nil when it is not installed.
  static func path(_ name: String) -> String? {
    ["/usr/bin", "/bin", "/usr/local/bin"].map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// Says that a test could not look at something.
  static func skip(_ name: String) {
    print("SKIPPED: \(name) is not installed, so that what is made for it was not tried")
  }

  /// What a program writes to standard output and error; it must end with 0.
  static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> String {
    let program = try #require(path(name))
    let (exit, output) = try await TestProcess.run(program, arguments, environment: environment)
    #expect(exit == .code(0), "\(name): \(output)")
    return output
  }

  /// A new file with a text.
  static func file(_ text: String, _ name: String) throws -> String {
    let path = "\(try TemporaryFolder.make())/\(name)"
    try FileText.write(text, to: path)
    return path
  }
}
