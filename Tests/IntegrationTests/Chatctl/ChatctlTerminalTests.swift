import TestSupport
import Testing

/// What chatctl does where somebody watches, and leaves where nobody does.
@Suite("chatctl on a terminal")
struct ChatctlTerminalTests {
  private func lines(_ text: String) -> [Substring] {
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  private static let escape = "\u{1b}"

  @Test("a table fits the terminal, in a pipe nothing is cut, and NO_COLOR leaves every escape out")
  func tables() async throws {
    try await ExamplePlace.with(.redis) { place in
      try await place.prepare(
        [
          "people", "chatctl user create zoe --display-name 'Zoe of the very long name that no terminal has room for'",
        ], "people")
      let line = "chatctl user list"
      let pipe = try await TestProcess.run(
        "/bin/bash", ["-c", line], environment: place.environment, directory: place.folder)
      #expect(pipe.output.contains("Zoe of the very long name that no terminal has room for"))
      #expect(!pipe.output.contains(Self.escape) && !pipe.output.contains("…"))

      let terminal = try await TestTerminal.start(
        line, columns: 70, environment: place.environment, directory: place.folder)
      #expect(try await terminal.waitForExit() == .code(0))
      #expect(terminal.output.contains("\(Self.escape)[1mUSERNAME"))
      let shown = lines(
        terminal.output.replacing("\(Self.escape)[1m", with: "").replacing("\(Self.escape)[0m", with: ""))
      #expect(shown.allSatisfy { $0.count <= 70 }, "\(terminal.output)")
      #expect(shown.contains { $0.hasPrefix("zoe ") && $0.contains("…") }, "\(terminal.output)")

      for columns in [30, 50] as [UInt16] {
        let narrow = try await TestTerminal.start(
          "NO_COLOR=1 \(line)", columns: columns, environment: place.environment, directory: place.folder)
        try await narrow.waitForExit()
        #expect(lines(narrow.output).allSatisfy { $0.count <= Int(columns) }, "\(narrow.output)")
        #expect(narrow.output.contains("zoe "))
      }
      let wide = try await TestTerminal.start(
        line, columns: 180, environment: place.environment, directory: place.folder)
      try await wide.waitForExit()
      #expect(wide.output.contains("Zoe of the very long name that no terminal has room for"), "\(wide.output)")

      for variable in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
        let plain = try await TestTerminal.start(
          line, columns: 70, environment: place.environment.merging(variable) { $1 }, directory: place.folder)
        try await plain.waitForExit()
        #expect(plain.output.contains("USERNAME") && !plain.output.contains(Self.escape), "\(variable)")
      }
    }
  }

  @Test("progress is drawn with rate and time to go, vanishes at the end, and is not in a pipe")
  func progress() async throws {
    try await ExamplePlace.with(.redis) { place in
      try await place.prepare(["people"], "people")
      // Of twenty rooms one each, of a kind that nothing follows from: so they are done.
      let event =
        #"{\"id\":\"%s\",\"type\":\"conversation.changed\",\"v\":1,\"conversationId\":\"%s\",\"data\":{}}"#
      let letters = """
        sql "INSERT INTO dead_letters (consumer, key, event_id, type, payload, effect, error, attempts)
        SELECT 'inbox', room, event, 'conversation.changed', convert_to(format('\(event)', event, room), 'UTF8'),
        'mentions', 'a mistake', 5 FROM (SELECT gen_random_uuid() AS room, gen_random_uuid() AS event
        FROM generate_series(1, 20)) AS made"
        """
      try await place.prepare([letters], "letters")
      let line = "chatctl dead replay --all --rate 10 -o ndjson"
      let terminal = try await TestTerminal.start(
        "\(line) > records.txt", environment: place.environment, directory: place.folder)
      #expect(try await terminal.waitForExit() == .code(0), "\(terminal.output)")
      let frames = terminal.output.split(separator: "\r")
      #expect(
        frames.contains { $0.contains("replaying  [#") && $0.contains("/20 letters  ") && $0.contains("/s  ETA ") },
        "\(terminal.output)")
      #expect(frames.allSatisfy { $0.count < 85 }, "a frame is longer than a line")
      #expect(terminal.output.hasSuffix("\r\(Self.escape)[2K"), "the last frame is there still: \(terminal.output)")

      try await place.prepare([letters], "letters")
      let pipe = try await TestProcess.run(
        "/bin/bash", ["-c", line], environment: place.environment, directory: place.folder)
      #expect(pipe.exit == .code(0) && !pipe.output.contains("replaying") && !pipe.output.contains("\r"))
      #expect(!pipe.output.contains(Self.escape))

      // Ctrl-C after the first of them: what is done is done, and it says how to go on.
      try await place.prepare([letters], "letters")
      let stopped = try await TestTerminal.start(
        "chatctl dead replay --all --rate 1", columns: 120, environment: place.environment,
        directory: place.folder)
      try await stopped.wait(for: "replaying")
      stopped.interrupt()
      #expect(try await stopped.waitForExit() == .code(130))
      #expect(stopped.output.contains("chatctl: stopping after this step; once more to stop at once"))
      #expect(stopped.output.contains("Resume with: chatctl dead replay --all --rate 1"), "\(stopped.output)")
    }
  }

  @Test("an import that is interrupted says from where to go on, and that line goes on")
  func resumes() async throws {
    try await ExamplePlace.with(.redis) { place in
      try await place.prepare(
        ["for i in $(seq 20000); do echo \"{\\\"username\\\":\\\"user$i\\\"}\"; done > 'many users.ndjson'"], "file")
      let terminal = try await TestTerminal.start(
        "chatctl user import 'many users.ndjson' > records.txt", columns: 120, environment: place.environment,
        directory: place.folder)
      try await terminal.wait(for: "/20,000 rows  ")
      terminal.interrupt()
      #expect(try await terminal.waitForExit() == .code(130), "\(terminal.output)")
      let resume = try #require(
        lines(terminal.output).first { $0.hasPrefix("Resume with: ") }?.dropFirst("Resume with: ".count),
        "\(terminal.output)")
      #expect(resume.hasPrefix("chatctl user import --from ") && resume.hasSuffix(" 'many users.ndjson'"))
      let rest = try await TestProcess.run(
        "/bin/bash", ["-c", "\(resume) -o name | sort -u | wc -l"], environment: place.environment,
        directory: place.folder)
      #expect(rest.exit == .code(0), "\(rest.output)")
      try await place.prepare(
        ["test \"$(sql \"SELECT count(*) FROM users WHERE username LIKE 'user%'\")\" = 20000"], "all of them")
    }
  }

  @Test("a question is asked, and an answer that is not yes changes nothing")
  func questions() async throws {
    try await ExamplePlace.with(.redis) { place in
      try await place.prepare(["people", "chatctl key add > /dev/null"], "people")
      for (answer, code) in [("n\n", Int32(1)), ("y\n", 0)] {
        let terminal = try await TestTerminal.start(
          "chatctl migrate baseline 13; chatctl topic delete nothing; chatctl load clean; chatctl presence kick --ghosts",
          environment: place.environment, directory: place.folder)
        try await terminal.waitForExit()
        #expect(!terminal.output.contains("? "), "nothing to ask: \(terminal.output)")
        try await place.prepare(["chatctl user create load-abc-1 > /dev/null"], "a run")
        let asked = try await TestTerminal.start(
          "chatctl load clean abc", environment: place.environment, directory: place.folder)
        try await asked.wait(for: "Remove 1 users of 1 runs, with their rooms and messages? [y/N] ")
        asked.type(answer)
        #expect(try await asked.waitForExit() == .code(code), "\(asked.output)")
        if code == 1 {
          #expect(asked.output.contains("nothing was done"))
          try await place.prepare(["sql \"DELETE FROM users WHERE username = 'load-abc-1'\""], "away")
        }
      }
    }
  }

  @Test("a live view takes the alternate screen, and gives it back on Ctrl-C")
  func live() async throws {
    try await ExamplePlace.with(.redis) { place in
      for line in ["chatctl lag --watch --interval 200ms", "chatctl top --interval 200ms"] {
        let terminal = try await TestTerminal.start(
          line, columns: 60, rows: 10, environment: place.environment, directory: place.folder)
        try await terminal.wait(for: "\(Self.escape)[J")
        terminal.interrupt()
        #expect(try await terminal.waitForExit() == .code(130))
        #expect(terminal.output.hasPrefix("\(Self.escape)[?1049h\(Self.escape)[?25l"), "\(line)")
        #expect(terminal.output.contains("\(Self.escape)[?25h\(Self.escape)[?1049l"), "\(line)")
        // A frame has no more lines than the terminal, and none that is longer.
        let frame = try #require(terminal.output.components(between: "\(Self.escape)[H", and: "\(Self.escape)[J"))
        let shown = lines(
          frame.replacing("\(Self.escape)[K", with: "").replacing("\(Self.escape)[1m", with: "")
            .replacing("\(Self.escape)[0m", with: ""))
        #expect(shown.count <= 10 && shown.allSatisfy { $0.count <= 60 }, "\(frame)")
        if line.contains("lag") { #expect(frame.contains("… and 9 more lines"), "\(frame)") }
      }
    }
  }

  @Test("a wrong word is told with the nearest")
  func nearest() async throws {
    for (words, message) in [
      (["usr"], "chatctl: unknown command 'usr'; did you mean user?"),
      (["user", "lst"], "chatctl: unknown command 'lst'; did you mean list?"),
      (["user", "list", "--stat", "active"], "chatctl: unknown option '--stat'; did you mean --state?"),
      (["user", "list", "--state", "activ"], "did you mean active?"),
    ] {
      let result = try await TestProcess.run("chatctl", words)
      #expect(result.exit == .code(64) && result.output.contains(message), "\(result.output)")
    }
  }
}

extension String {
  /// What stands first between two others.
  fileprivate func components(between start: String, and end: String) -> String? {
    guard let from = firstRange(of: start), let to = self[from.upperBound...].firstRange(of: end) else { return nil }
    return String(self[from.upperBound..<to.lowerBound])
  }
}
