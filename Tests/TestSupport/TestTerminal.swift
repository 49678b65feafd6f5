import Glibc
import Networking
import Synchronization

/// A program on a terminal of its own: somebody watches what it draws, types, and may press Ctrl-C.
package final class TestTerminal: Sendable {
  /// TIOCSPTLCK and TIOCGPTN of ioctl_tty(2), which the C library's headers do not show to Swift.
  private static let lock: UInt = 0x4004_5431
  private static let number: UInt = 0x8004_5430

  private let process: TestProcess
  private let master: Int32
  private let drawn = Mutex<(bytes: [UInt8], isClosed: Bool)>(([], false))

  private init(_ process: TestProcess, master: Int32) {
    self.process = process
    self.master = master
  }

  /// Starts a line of bash on a terminal.
  package static func start(
    _ line: String, columns: UInt16 = 80, rows: UInt16 = 24, environment: [String: String] = [:],
    directory: String? = nil
  ) async throws -> TestTerminal {
    try await start(["bash", "-c", line], columns: columns, rows: rows, environment: environment, directory: directory)
  }

  /// Starts a program of PATH with its arguments on a terminal.
  package static func start(
    _ words: [String], columns: UInt16 = 80, rows: UInt16 = 24, environment: [String: String] = [:],
    directory: String? = nil
  ) async throws -> TestTerminal {
    // As posix_openpt, unlockpt and ptsname do it (pty(7)).
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (locked, number): (Int32, UInt32) = (0, 0)
    guard master >= 0, ioctl(master, Self.lock, &locked) == 0,
      ioctl(master, Self.number, &number) == 0
    else { throw TestFailure("no terminal: \(String(cString: strerror(errno)))") }
    let path = "/dev/pts/\(number)"
    // Held open until the program has ended, so that reading does not end before it has begun.
    let held = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    let process = try await TestProcess.start(
      "/bin/bash", ["-c", "exec setsid --ctty --wait \"$@\" <>\"$0\" >&0 2>&0", path] + words,
      environment: ["TERM": "xterm"].merging(environment) { $1 }, directory: directory)
    let terminal = TestTerminal(process, master: master)
    EventLoop.startThread(named: "test-terminal") { terminal.follow() }
    EventLoop.startThread(named: "test-terminal-end") {
      while process.isRunning { usleep(2000) }
      close(held)
    }
    return terminal
  }

  private func follow() {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(master, &bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      // EIO: nobody has it open any more.
      if count <= 0 { break }
      drawn.withLock { $0.bytes.append(contentsOf: bytes[..<count]) }
    }
    drawn.withLock { $0.isClosed = true }
    close(master)
  }

  /// All that was written to it, with its escape sequences; lines end with CR LF.
  package var output: String { drawn.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

  /// Types.
  package func type(_ text: String) {
    let bytes = Array(text.utf8)
    drawn.withLock { if !$0.isClosed { _ = write(master, bytes, bytes.count) } }
  }

  /// Ctrl-C.
  package func interrupt() { type("\u{3}") }

  /// Waits until it has written something.
  package func wait(for text: String, within limit: Duration = .seconds(60)) async throws {
    do {
      try await eventually(within: limit, "'\(text)' on the terminal") {
        if output.contains(text) { return true }
        if drawn.withLock({ $0.isClosed }) { throw TestFailure("the program ended without '\(text)' on the terminal") }
        return false
      }
    } catch let failure as TestFailure { throw TestFailure("\(failure):\n\(output)") }
  }

  /// Waits for the end of the program and of what it writes.
  @discardableResult
  package func waitForExit(within limit: Duration = .seconds(60)) async throws -> TestProcess.Exit {
    do {
      let exit = try await process.waitForExit(within: limit)
      try await eventually(within: limit, "the terminal's end") { drawn.withLock { $0.isClosed } }
      return exit
    } catch let failure as TestFailure { throw TestFailure("\(failure); on the terminal:\n\(output)") }
  }
}
