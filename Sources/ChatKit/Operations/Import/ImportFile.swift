import Commands
import Glibc

/// What a file of an import is.
package enum ImportFormat: String, CaseIterable, Sendable { case ndjson, csv }

/// A file of users or rooms, read row by row: NDJSON, an object a line, or CSV, whose first line names the fields.
package final class ImportFile<Content: ImportRow> {
  /// A row, or why it is none.
  package struct Row: Sendable {
    /// On which it begins, from 1.
    package var line: Int
    package var content: Result<Content, ChatError>
  }

  private static var longestLine: Int { 1 << 20 }
  private let descriptor: Int32
  private let format: ImportFormat
  /// Rows before this line are left out.
  private let first: Int
  private var isAtEnd = false
  private var rows: [Row] = []
  private var next = 0
  // NDJSON
  private var rest: [UInt8] = []
  private var line = 1
  // CSV
  private var parser = CSVParser()
  private var header: [Content.Field]?

  /// - Parameters:
  ///   - path: `-` for standard input.
  ///   - format: nil: by the name's end, `.csv` or anything else.
  /// Throws `ConfigurationError`.
  package init(_ path: String, format: ImportFormat?, from line: Int) throws {
    descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ConfigurationError(.invalidInput, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    self.format = format ?? (path.lowercased().hasSuffix(".csv") ? .csv : .ndjson)
    first = line
  }

  deinit { close(descriptor) }

  /// How many lines there are to be read: about as many as rows, for in CSV a row may have several. Nil for what is no
  /// file. It reads all of it, beside `read`.
  package var lines: Int? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    var part = [UInt8](repeating: 0, count: 1 << 18)
    var (offset, lines, last) = (0, 0, UInt8(ascii: "\n"))
    while true {
      let count = part.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, offset) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      for byte in part[..<count] where byte == UInt8(ascii: "\n") { lines += 1 }
      last = part[count - 1]
      offset += count
    }
    if last != UInt8(ascii: "\n") { lines += 1 }
    let before = max(first - 1, format == .csv ? 1 : 0)
    return max(0, lines - before)
  }

  /// Up to `count` rows; none at the end. Throws `ConfigurationError` for a file that cannot be understood from there on.
  package func read(_ count: Int) throws -> [Row] {
    while rows.count - next < count, !isAtEnd { try fill() }
    let end = min(rows.count, next + count)
    let page = Array(rows[next..<end])
    next = end
    if next == rows.count {
      rows = []
      next = 0
    }
    return page
  }

  private func fill() throws {
    var part = [UInt8](repeating: 0, count: 64 << 10)
    let count = part.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { return }
    guard count >= 0 else {
      throw ConfigurationError(.invalidInput, "cannot read: \(String(cString: strerror(errno)))")
    }
    isAtEnd = count == 0
    switch format {
    case .ndjson: try split(part[..<count])
    case .csv:
      do throws(CSVParser.Failure) {
        for record in try parser.feed(part[..<count]) { try take(record) }
        if isAtEnd, let record = try parser.finish() { try take(record) }
      } catch {
        throw ConfigurationError(.invalidInput, "\(error)")
      }
    }
  }

  private func split(_ bytes: ArraySlice<UInt8>) throws {
    rest += bytes
    var start = 0
    while let end = rest[start...].firstIndex(of: 0x0a) {
      add(line: rest[start..<end])
      start = end + 1
    }
    rest.removeFirst(start)
    guard rest.count <= Self.longestLine else {
      throw ConfigurationError(.invalidInput, "line \(line) is longer than 1 MiB")
    }
    if isAtEnd, !rest.isEmpty { add(line: rest[...]) }
  }

  private func add(line bytes: ArraySlice<UInt8>) {
    defer { line += 1 }
    guard line >= first, bytes.contains(where: { $0 != 0x20 && $0 != 0x0d && $0 != 0x09 }) else { return }
    rows.append(Row(line: line, content: Self.result { try Content(json: bytes) }))
  }

  private func take(_ record: CSVParser.Record) throws(CSVParser.Failure) {
    guard let header else {
      do {
        let fields = try record.fields.map { try Content.field($0) }
        guard Set(fields).count == fields.count, fields.contains(Content.identifier) else {
          throw ChatError(
            .invalidRequest, "the first line names each field once, and \(Content.identifier.rawValue) among them")
        }
        self.header = fields
      } catch {
        throw CSVParser.Failure(line: record.line, reason: (error as? ChatError)?.message ?? "\(error)")
      }
      return
    }
    guard record.line >= first else { return }
    let content: Result<Content, ChatError>
    if record.fields.count == header.count {
      let values = Dictionary(uniqueKeysWithValues: zip(header, record.fields))
      content = Self.result { try Content(values) }
    } else {
      content = .failure(
        ChatError(.invalidRequest, "\(record.fields.count) fields, and the first line names \(header.count)"))
    }
    rows.append(Row(line: record.line, content: content))
  }

  private static func result(_ body: () throws -> Content) -> Result<Content, ChatError> {
    do { return .success(try body()) } catch {
      return .failure(error as? ChatError ?? ChatError(.invalidRequest, "\(error)"))
    }
  }
}
