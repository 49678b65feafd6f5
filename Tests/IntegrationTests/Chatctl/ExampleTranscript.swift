import TestSupport

/// What a test expects of the examples of a page: a text file in Examples/, beside this one.
///
///     setup: BASH          before all of them
///
///     $ LINE               an example as it stands
///     before: BASH         what makes it possible
///     stands: TEXT FILE    the example's TEXT stands for what a line before has written to values/FILE
///     exit: 0 1            the codes it may end with, where that is not 0
///     says: TEXT           what is among what it writes
///     until: TEXT          it goes on for ever: Ctrl-C once it has said this; it ends with 130 then
///     answer: TEXT         it asks: it runs on a terminal, and this is typed
///     shell: zsh           it is no line of bash
///     needs: PROGRAM       left out where that is not installed
///     bus: kafka           left out on another bus
///     stop: chatd          chatd is ended before, with its PostgreSQL and Redis
///     after: BASH          what must succeed then
///
/// Lines of bash have functions.sh.
struct ExampleTranscript: Sendable {
  struct Entry: Sendable {
    let line: String
    var before: [String] = []
    var stands: [(text: String, file: String)] = []
    var exits: [Int32] = [0]
    var says: [String] = []
    var until: String?
    var answer: String?
    var shell = "bash"
    var needs: [String] = []
    var bus: OperatedBus?
    var stops = false
    var after: [String] = []
  }

  static let pages = ["people", "running", "bus", "manifests", "shells"]
  static let folder = #filePath.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" } + "/Examples"

  let page: String
  private(set) var setup: [String] = []
  private(set) var entries: [Entry] = []

  init(_ page: String) throws {
    self.page = page
    for (number, line) in try FileText.read("\(Self.folder)/\(page).txt").split(
      separator: "\n", omittingEmptySubsequences: false
    ).enumerated() where !line.isEmpty && !line.hasPrefix("#") {
      if line.hasPrefix("$ ") {
        entries.append(Entry(line: String(line.dropFirst(2))))
        continue
      }
      guard let colon = line.firstRange(of: ": "), try read(line[..<colon.lowerBound], line[colon.upperBound...]) else {
        throw TestFailure("\(page).txt:\(number + 1): what is '\(line)'?")
      }
    }
  }

  private mutating func read(_ key: Substring, _ value: Substring) throws -> Bool {
    let value = String(value)
    if key == "setup" {
      setup.append(value)
      return true
    }
    guard var entry = entries.popLast() else { return false }
    defer { entries.append(entry) }
    switch key {
    case "before": entry.before.append(value)
    case "stands":
      guard let blank = value.lastIndex(of: " ") else { return false }
      entry.stands.append((String(value[..<blank]), String(value[value.index(after: blank)...])))
    case "exit": entry.exits = value.split(separator: " ").compactMap { Int32($0) }
    case "says": entry.says.append(value)
    case "until":
      entry.until = value
      entry.exits = [130]
    case "answer": entry.answer = value
    case "shell": entry.shell = value
    case "needs": entry.needs.append(value)
    case "bus": entry.bus = OperatedBus(rawValue: value)
    case "stop": entry.stops = true
    case "after": entry.after.append(value)
    default: return false
    }
    return true
  }
}
