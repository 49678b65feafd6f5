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
    try write(text, to: path)
    return path
  }

  static func write(_ text: String, to path: String) throws {
    let file = try #require(fopen(path, "w"), "cannot write \(path)")
    defer { fclose(file) }
    fputs(text, file)
  }

  static func read(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw TestFailure("cannot read \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }
}
