import CLinux
import Glibc
import JSON
import Testing

@testable import Logging

@Suite("Logging")
struct LoggingTests {
  /// What is written to a pipe through a log of this style.
  private func lines(_ style: LogStyle, threshold: Log.Level = .debug, _ body: (Log) -> Void) -> [String] {
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    defer { close(ends[0]) }
    let sink = LogSink(descriptor: ends[1], style: style)
    body(Log(sink: sink, threshold: threshold))
    #expect(sink.flush(within: .seconds(10)))
    close(ends[1])
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(ends[0], &bytes, bytes.count)
    return String(decoding: bytes[..<max(0, count)], as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private func plain(_ format: LogStyle.Format) -> LogStyle {
    var style = LogStyle(format)
    style.hasTime = false
    return style
  }

  @Test("logfmt quotes what is not plain, and a value cannot forge a field or a line")
  func logfmt() {
    let lines = lines(plain(.logfmt)) { log in
      log.info(
        "a thing happened",
        ["plain": "a-b/c", "text": "two words", "evil": "x\nlevel=error msg=\"no\"", "empty": "", "n": 5, "yes": true])
      log.error("failed", ["took": .duration(nanoseconds: 1_002_003_000), "escape": "\u{1b}[31m\u{9b}\\"])
    }
    #expect(
      lines == [
        #"level=info msg="a thing happened" plain=a-b/c text="two words" evil="x\nlevel=error msg=\"no\"" empty="" n=5 yes=true"#,
        #"level=error msg=failed took=1.002003 escape="\u001b[31m\u009b\\""#,
      ])
  }

  @Test("JSON has an object a line, with numbers as numbers")
  func json() throws {
    let lines = lines(LogStyle(.json)) { log in
      log.with(["request_id": "r1"]).warning(
        "slow", ["took": .duration(nanoseconds: 1_500_000), "count": 3, "ok": false, "text": "a\"b\n"])
    }
    let root = try JSONDocument(parsing: Array(try #require(lines.first).utf8)).root
    #expect(lines.count == 1)
    #expect(root["level"]?.string == "warning")
    #expect(root["msg"]?.string == "slow")
    #expect(root["request_id"]?.string == "r1")
    #expect(root["took"]?.double == 0.0015)
    #expect(root["count"]?.int64 == 3)
    #expect(root["ok"]?.bool == false)
    #expect(root["text"]?.string == "a\"b\n")
    #expect(root["time"]?.string?.hasSuffix("Z") == true)
  }

  @Test("lines for eyes: level in its column, colours only where they are wanted")
  func human() {
    var style = plain(.human)
    #expect(lines(style) { $0.warning("careful", ["n": 1]) } == ["warning careful n=1"])
    style.isColored = true
    #expect(lines(style) { $0.error("bad", ["n": 1]) } == ["\u{1b}[31;1merror   \u{1b}[0mbad \u{1b}[2mn=\u{1b}[0m1"])
  }

  @Test("a level below the threshold is not written, and its fields are not made")
  func threshold() {
    var made = 0
    func value() -> LogValue {
      made += 1
      return 1
    }
    let lines = lines(plain(.logfmt), threshold: .notice) { log in
      log.debug("no", ["a": value()])
      log.info("no", ["a": value()])
      log.notice("yes", ["a": value()])
    }
    #expect(lines == ["level=notice msg=yes a=1"])
    #expect(made == 1)
  }

  @Test("a field that names a secret is masked", arguments: [LogStyle.Format.logfmt, .json, .human])
  func secrets(format: LogStyle.Format) {
    let lines = lines(plain(format)) { log in
      log.with(["token": "hunter2"]).info("m", ["password": "hunter2", "Authorization": "hunter2", "user": "ann"])
    }
    #expect(lines.count == 1)
    #expect(!lines[0].contains("hunter2"))
    #expect(lines[0].contains("ann"))
  }

  @Test("the journal is recognised by device and inode, and gets priorities instead of times")
  func journal() {
    var ends: [Int32] = [0, 0]
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
    defer { for end in ends { close(end) } }
    var status = stat()
    fstat(ends[1], &status)
    func style(_ stream: String?, _ choice: LogStyle.Choice = .auto) -> LogStyle {
      LogStyle(choice, descriptor: ends[1]) { $0 == "JOURNAL_STREAM" ? stream : nil }
    }
    let right = "\(status.st_dev):\(status.st_ino)"
    #expect(style(right).hasPriority)
    #expect(!style(right).hasTime)
    #expect(style(right, .json).hasPriority)
    for wrong in [nil, "", "1", "a:b", "\(status.st_dev):\(status.st_ino + 1)", "\(right):1", ":"] {
      #expect(!style(wrong).hasPriority, "\(wrong ?? "none")")
      #expect(style(wrong).hasTime)
      #expect(style(wrong).format == .logfmt)
    }
    let sink = LogSink(descriptor: ends[1], style: style(right))
    let log = Log(sink: sink, threshold: .debug)
    log.debug("d")
    log.info("i")
    log.notice("n")
    log.warning("w")
    log.error("e")
    #expect(sink.flush(within: .seconds(10)))
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(ends[0], &bytes, bytes.count)
    let prefixes = String(decoding: bytes[..<max(0, count)], as: UTF8.self).split(separator: "\n").map { $0.prefix(3) }
    #expect(prefixes == ["<7>", "<6>", "<5>", "<4>", "<3>"])
  }

  @Test("a reader that has stalled stops nobody; what is dropped is counted, and said when it reads again")
  func stalledReader() throws {
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    let sink = LogSink(descriptor: ends[1], style: plain(.logfmt), capacity: 64 << 10)
    let log = Log(sink: sink, threshold: .debug)
    let start = clinux_monotonic_ns()
    let said = 20_000
    for number in 0..<said { log.info("a line", ["number": .count(number)]) }
    // Nobody has read a byte; a write that waited would wait for ever.
    #expect(clinux_monotonic_ns() - start < 10_000_000_000)
    let dropped = sink.counts.dropped
    #expect(dropped > 0)
    let input = ends[0]
    let reader = Reader(input)
    #expect(sink.flush(within: .seconds(20)))
    log.info("after")
    #expect(sink.flush(within: .seconds(20)))
    close(ends[1])
    let output = reader.end()
    let lines = output.split(separator: "\n")
    // Told once it can write again, which under load is more than once: some was lost before the pipe was full.
    let told = lines.filter { $0.contains("lines were dropped") }.compactMap {
      $0.split(separator: "=").last.flatMap { Int($0) }
    }
    #expect(told.reduce(0, +) == dropped)
    #expect(lines.last == "level=info msg=after")
    #expect(lines.count { $0.contains("a line") } == said - dropped)
    #expect(sink.counts.lines.first { $0.level == .info }?.count == said - dropped + 1)
    close(input)
  }

  /// Reads a descriptor to its end on a thread.
  private final class Reader: @unchecked Sendable {
    private var bytes: [UInt8] = []
    private var thread = pthread_t()

    init(_ descriptor: Int32) {
      final class Argument {
        let reader: Reader
        let descriptor: Int32
        init(_ reader: Reader, _ descriptor: Int32) {
          self.reader = reader
          self.descriptor = descriptor
        }
      }
      let argument = Unmanaged.passRetained(Argument(self, descriptor)).toOpaque()
      pthread_create(
        &thread, nil,
        { argument in
          let argument = Unmanaged<Argument>.fromOpaque(argument!).takeRetainedValue()
          var part = [UInt8](repeating: 0, count: 1 << 16)
          while true {
            let count = read(argument.descriptor, &part, part.count)
            if count <= 0 { return nil }
            argument.reader.bytes.append(contentsOf: part[..<count])
          }
        }, argument)
    }

    func end() -> String {
      pthread_join(thread, nil)
      return String(decoding: bytes, as: UTF8.self)
    }
  }
}
