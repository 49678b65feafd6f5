import ChatKit
import Commands
import Glibc

extension MigrateCommands {
  // MARK: lint

  private static let files = Argument(
    repeated: "file", .file, help: "Migrations, in SQL or Swift; none for those of this program.")
  private static let strict = Flag("strict", help: "Let warnings be an answer of no too.")

  static let lint = Command.operation(
    "lint", summary: "Look for what a migration should not do to a running service",
    discussion: """
      Finds locks that would block, indexes without CONCURRENTLY, columns that are not null and have no default, what a \
      release before would miss, and what could not be run again. A comment in or before the statement allows it:

          -- lint: allow drop-column nobody has read it since 1.4

      SQL files run in a transaction, unless a comment says 'chatctl: no transaction'.
      """,
    examples: [
      Example("chatctl migrate lint", "The migrations of this program"),
      Example("chatctl migrate lint 0014_reactions.sql", "Before it is proposed"),
    ],
    options: [strict], arguments: [files],
    exitCodes: [
      .init(.done, "nothing was found"), .init(.no, "something was found"),
      .init(.invalidInput, "a file cannot be read"),
      .init(.usage),
    ],
    records: RecordSchema(
      "finding", key: "place",
      [
        .init("place", "The file and the line"), .init("severity", "error or warning"), .init("rule", "Its name"),
        .init("advice", "What happens, and what to write instead"), .init("statement", wide: true, "Its first line"),
      ])
  ) { session in
    var findings: [MigrationLint.Finding] = []
    if session[files].isEmpty {
      findings = Migration.all.flatMap { MigrationLint.check($0) }
    } else {
      for path in session[files] {
        let bytes = try FileBytes.read(path, limit: 4 << 20, what: "lint")
        let source = MigrationSource.statements(
          of: String(decoding: bytes, as: UTF8.self), isSwift: path.hasSuffix(".swift"))
        findings += MigrationLint.check(source.statements, file: path, isTransactional: source.isTransactional)
      }
    }
    let writer = try session.records()
    for finding in findings {
      try writer.add([
        .string("\(finding.file):\(finding.line)"), .string(finding.rule.isError ? "error" : "warning"),
        .string(finding.rule.rawValue), .string(finding.rule.advice), .string(finding.statement),
      ])
    }
    try writer.finish()
    return findings.contains { $0.rule.isError || session[strict] } ? .no : .done
  }

  // MARK: new

  private static let name = Argument(
    "name",
    ValueType<String>(
      metavariable: "NAME", expectation: "a name of lower case letters, digits and underscores, such as reactions",
      parse: { text in
        let isName = text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }
        return isName && (1...60).contains(text.utf8.count) && (0x61...0x7a).contains(text.utf8.first ?? 0) ? text : nil
      }), help: "What it brings, in a word or two.")
  private static let folder = Option(
    "folder", .directory, default: "Sources/ChatKit/Migrations/Scripts", help: "Where it is written.")
  private static let concurrent = Flag(
    "no-transaction", help: "Statement by statement, for what PostgreSQL refuses in a transaction.")

  static let new = Command.operation(
    "new", summary: "Begin a migration",
    discussion: "Writes a file with the next number into the source of this program, and says where to list it.",
    examples: [Example("chatctl migrate new reactions --dry-run", "Which file it would be")],
    options: [folder, concurrent], arguments: [name],
    exitCodes: [.init(.done), .init(.cannotCreate, "the file is there already, or cannot be written"), .init(.usage)],
    records: RecordSchema("file", [.init("file", "Its path")]), changes: true
  ) { session in
    let version = (Migration.all.map(\.version).max() ?? 0) + 1
    let file = MigrationSource.new(version: version, name: session[name], isTransactional: !session[concurrent])
    let path = "\(session[folder])/\(file.fileName)"
    if !session.isDryRun {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw CommandFailure(
          .cannotCreate, "cannot write \(path): \(String(cString: strerror(errno)))",
          hint: errno == ENOENT ? "Call it at the top of the source, or give --folder." : nil)
      }
      let bytes = Array(file.text.utf8)
      let written = Glibc.write(descriptor, bytes, bytes.count)
      guard close(descriptor) == 0, written == bytes.count else {
        throw CommandFailure(.cannotCreate, "cannot write all of \(path)")
      }
      session.talk("list '\(file.registration)' in Migration.all (Sources/ChatKit/Migrations/Migration+All.swift)")
    }
    let writer = try session.records(isList: false)
    try writer.add([.string(path)])
    try writer.finish()
    return .done
  }
}
