import CLinux
import ChatKit
import Glibc
import Synchronization

/// Folders that vanish with the test process.
package enum TemporaryFolder {
  private static let prefix = "chatd-test-"
  private static let made = Mutex<[String]>([])

  /// A new empty folder. It is removed when the process exits, or earlier with `FileTree.remove`.
  package static func make() throws -> String {
    var template = Array("/tmp/\(prefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(String(cString: strerror(errno)))") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The account of PostgreSQL has to pass through.
    chmod(path, 0o711)
    made.withLock { list in
      if list.isEmpty { atexit { TemporaryFolder.removeAll() } }
      list.append(path)
    }
    return path
  }

  static func removeAll() {
    for path in made.withLock({ $0 }) { FileTree.remove(path) }
  }

  /// Removes the folders of servers whose test process was killed: their lock is free, and has been for a while.
  static func removeStale() {
    for name in FileTree.names(in: "/tmp") where name.hasPrefix(prefix) {
      let path = "/tmp/\(name)"
      var status = stat()
      guard stat("\(path)/lock", &status) == 0, status.st_mtim.tv_sec < time(nil) - 600 else { continue }
      let lock = open("\(path)/lock", O_RDWR | O_CLOEXEC)
      guard lock >= 0 else { continue }
      if clinux_lock(lock) == 0 { FileTree.remove(path) }
      close(lock)
    }
  }
}
