import ChatKit
import Commands

/// The options of commands that make what a file has.
enum ImportOptions {
  static let file = Argument("file", ValueType<String>.file, help: "NDJSON or CSV; '-' is standard input.")
  static let format = Option<ImportFormat?>(
    "format", .choice("FORMAT"), defaultText: "csv for a name that ends so, else ndjson", help: "What the file is.")
  static let from = Option(
    "from", .int(1...), default: 1, help: "Begin at this line: where an import was interrupted.")

  static let exitCodes: [ExitCode.Meaning] = [
    .init(.done, "each row was made, or exists"), .init(.partlyDone, "some rows are invalid; the others are done"),
    .init(.usage), .init(.invalidInput, "no row is valid, or the file cannot be understood"), .init(.unavailable),
    .init(.interrupted),
  ]

  /// Rows of a batch: what is done at once, and where an import can be interrupted.
  static let batch = 100

  /// - Parameter name: what the second column is called, and is the key.
  static func schema(_ name: String, _ help: String) -> RecordSchema {
    RecordSchema(
      "row", key: name,
      [
        .init("line", .integer, "On which it begins"), .init(name, help),
        .init("result", "created, exists or invalid"), .init("id", "The identifier"),
        .init("error", "Why it is invalid"),
      ])
  }
}

extension Session {
  /// Reads the file that was named, batch by batch, and answers a record a row. Between two batches it can be interrupted,
  /// and says the line to go on at; so it does where a batch fails.
  /// - Parameters:
  ///   - take: makes what a batch has; results in the order of the rows.
  func importRows<Content: ImportRow>(
    _ type: Content.Type,
    _ take: (_ rows: [ImportFile<Content>.Row], _ isDry: Bool) async throws -> [ImportResult]
  ) async throws -> ExitCode {
    let source = try ImportFile<Content>(
      self[ImportOptions.file], format: self[ImportOptions.format], from: self[ImportOptions.from])
    let progress = Progress("importing", total: output.isInteractive ? source.lines : nil, unit: "rows", self)
    let writer = try records()
    var (done, invalid) = (0, 0)
    func resume(_ line: Int) -> String {
      invocation.line(with: [(ImportOptions.from.parameter.name, ["\(line)"])])
    }
    try await resumable {
      var rows = try source.read(ImportOptions.batch)
      while !rows.isEmpty {
        let results: [ImportResult]
        do { results = try await take(rows, isDryRun) } catch {
          talk("the rows before line \(rows[0].line) are done. Resume with: \(resume(rows[0].line))")
          throw error
        }
        for result in results {
          try write(result, writer)
          if case .invalid = result.outcome { invalid += 1 } else { done += 1 }
        }
        try output.data.flush()
        progress.advance(by: rows.count)
        rows = try source.read(ImportOptions.batch)
        if let next = rows.first { try checkpoint(resume: resume(next.line)) }
      }
    }
    progress.finish()
    try writer.finish()
    talk("\(done) rows \(isDryRun ? "are valid" : "done"), \(invalid) invalid")
    return invalid == 0 ? .done : done == 0 ? .invalidInput : .partlyDone
  }

  private func write(_ result: ImportResult, _ writer: RecordWriter) throws {
    let (word, id, error): (String, RecordValue, RecordValue) =
      switch result.outcome {
      case .created(let id): isDryRun ? ("would be created", .null, .null) : ("created", RecordValue(id), .null)
      case .exists(let id): ("exists", RecordValue(id), .null)
      case .invalid(let why): ("invalid", .null, .string(why))
      }
    try writer.add([.integer(result.line), RecordValue(result.name), .string(word), id, error])
  }
}
