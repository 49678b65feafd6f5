import ChatKit
import TestSupport
import Testing

@Suite("Files of an import")
struct ImportFileTests {
  @Test("it is known how many rows are left, and reading is not disturbed")
  func lines() throws {
    let path = "\(try TemporaryFolder.make())/users"
    for (text, format, from, lines, rows) in [
      ("{\"username\":\"a\"}\n{\"username\":\"b\"}\n", ImportFormat.ndjson, 1, 2, 2),
      ("{\"username\":\"a\"}\n{\"username\":\"b\"}", .ndjson, 1, 2, 2),
      ("{\"username\":\"a\"}\n{\"username\":\"b\"}\n{\"username\":\"c\"}\n", .ndjson, 3, 1, 1),
      ("username\na\nb\nc\n", .csv, 1, 3, 3), ("username\na\nb\nc\n", .csv, 4, 1, 1), ("", .ndjson, 1, 0, 0),
      ("{\"username\":\"a\"}\n", .ndjson, 9, 0, 0),
    ] {
      try FileText.write(text, to: path)
      let file = try ImportFile<UserImportRow>(path, format: format, from: from)
      #expect(file.lines == lines, "\(text) from \(from)")
      #expect(try file.read(10).count == rows, "\(text) from \(from)")
    }
    #expect(try ImportFile<UserImportRow>("/dev/null", format: .csv, from: 1).lines == nil)
  }
}
