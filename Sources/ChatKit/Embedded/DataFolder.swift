import CLinux
import Glibc

/// The folder of the embedded servers: claimed by one process at a time. On the servers' thread only.
final class DataFolder: @unchecked Sendable {
  let path: String
  let account: ServerAccount
  /// Where the sockets are; short enough for one.
  let sockets: String
  private var lock: Int32

  /// The longest path of a Unix socket (sockaddr_un less its NUL).
  private static let longestSocket = 107
  private static let longestName = "/.s.PGSQL.5432".utf8.count

  private init(path: String, account: ServerAccount, sockets: String, lock: Int32) {
    self.path = path
    self.account = account
    self.sockets = sockets
    self.lock = lock
  }

  /// Makes the folder where there is none, and claims it.
  static func open(_ directory: String, _ progress: (String) -> Void) throws(EmbeddedError) -> DataFolder {
    let account = try ServerAccount.choose()
    // As root others may pass, for the servers' account has to; what is inside is closed.
    try FileTree.makeDirectory(directory, mode: account.isOwn ? 0o700 : 0o711)
    guard let real = realpath(directory, nil) else { throw EmbeddedError(errno: errno, "open \(directory)") }
    let path = String(cString: real)
    free(real)
    let lock = try claim(path)
    do {
      try account.grantPassage(to: path, progress)
      let sockets = try socketFolder(in: path, account)
      return DataFolder(path: path, account: account, sockets: sockets, lock: lock)
    } catch {
      Glibc.close(lock)
      throw error
    }
  }

  /// Gives the folder up.
  func close() {
    guard lock >= 0 else { return }
    if let short = FileTree.target(ofLink: "\(path)/run") {
      FileTree.remove(short)
      unlink("\(path)/run")
    }
    ftruncate(lock, 0)
    Glibc.close(lock)
    lock = -1
  }

  private static func claim(_ path: String) throws(EmbeddedError) -> Int32 {
    let file = "\(path)/lock"
    let lock = Glibc.open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw EmbeddedError(errno: errno, "write to \(path)") }
    // A child that is just being started holds our descriptors for the moment between fork and exec: look again before
    // saying that somebody else is there.
    var attempts = 10
    while clinux_lock(lock) != 0, attempts > 0 {
      attempts -= 1
      usleep(100_000)
    }
    guard attempts > 0 else {
      Glibc.close(lock)
      let holder = FileTree.contents(file)?.split(separator: "\n").first.map { " (pid \($0))" } ?? ""
      throw EmbeddedError(
        .inUse, "\(path) is in use by another chatd\(holder): stop that one, or choose another folder")
    }
    let line = Array("\(getpid())\n".utf8)
    guard ftruncate(lock, 0) == 0, pwrite(lock, line, line.count, 0) == line.count else {
      let error = errno
      Glibc.close(lock)
      throw EmbeddedError(errno: error, "write to \(file)")
    }
    return lock
  }

  /// `run` under the folder; or, where a socket's path would be too long, a link there to a short one.
  private static func socketFolder(in path: String, _ account: ServerAccount) throws(EmbeddedError) -> String {
    let run = "\(path)/run"
    // A link is of a life that was killed; its sockets are dead.
    if let stale = FileTree.target(ofLink: run) {
      FileTree.remove(stale)
      unlink(run)
    }
    if run.utf8.count + longestName <= longestSocket {
      try FileTree.makeDirectory(run, mode: 0o700)
      try account.own(run)
      return run
    }
    // An account of its own cannot enter our XDG_RUNTIME_DIR.
    let base = account.isOwn ? getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? "/tmp" : "/tmp"
    for candidate in [base, "/tmp"] {
      var template = Array("\(candidate)/chatd-XXXXXX".utf8CString)
      guard template.count - 1 + longestName <= longestSocket, mkdtemp(&template) != nil else { continue }
      let short = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      try account.own(short)
      guard symlink(short, run) == 0 else { throw EmbeddedError(errno: errno, "make \(run)") }
      return short
    }
    throw EmbeddedError(errno: errno, "make a folder for the sockets in \(base)")
  }

  // MARK: What an earlier life left running

  /// Stops every server that still runs in this folder. Only the holder of the lock may say that there must be none.
  func stopLeftovers(_ progress: (String) -> Void) throws(EmbeddedError) {
    for data in ["pg", "pg.tmp", "redis"] { try stopLeftovers(in: "\(path)/\(data)", progress) }
  }

  /// Servers have their data as working directory; a reused pid does not.
  func stopLeftovers(in data: String, _ progress: (String) -> Void) throws(EmbeddedError) {
    let found = Self.processes(in: data)
    guard !found.isEmpty else { return }
    progress("stopping what an earlier start has left running in \(data) (pid \(found[0]))")
    // The postmaster: fast shutdown. redis-server: the same. To an orphaned backend: cancel; it ends by itself.
    for pid in found { kill(pid, SIGINT) }
    for (patience, signal) in [(Duration.seconds(10), SIGQUIT), (.seconds(3), SIGKILL), (.seconds(3), 0)] {
      let deadline = clinux_monotonic_ns() + UInt64(patience.components.seconds) * 1_000_000_000
      while clinux_monotonic_ns() < deadline {
        if Self.processes(in: data).isEmpty { return }
        usleep(10_000)
      }
      for pid in Self.processes(in: data) where signal != 0 { kill(pid, signal) }
    }
    if let pid = Self.processes(in: data).first {
      throw EmbeddedError(.inUse, "\(data) is in use by pid \(pid), which cannot be stopped: stop it and try again")
    }
  }

  private static func processes(in data: String) -> [pid_t] {
    FileTree.names(in: "/proc").compactMap { pid_t($0) }.filter {
      $0 != getpid() && FileTree.target(ofLink: "/proc/\($0)/cwd") == data
    }
  }
}
