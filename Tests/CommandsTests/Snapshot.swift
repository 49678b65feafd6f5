import Glibc
import TestSupport
import Testing

/// Texts that were looked at once, and should be looked at when they change. `UPDATE_SNAPSHOTS=1 swift test` writes them.
enum Snapshot {
  static func check(_ text: String, _ name: String, path: String = #filePath) throws {
    try check(
      text, at: path.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" } + "/Snapshots/\(name)")
  }

  static func check(_ text: String, at file: String) throws {
    if getenv("UPDATE_SNAPSHOTS") != nil { try FileText.write(text, to: file) }
    let expected = try FileText.read(file)
    #expect(text == expected, "\(file) is not what is made now; UPDATE_SNAPSHOTS=1 writes it anew")
  }
}
