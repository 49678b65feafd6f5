import CLinux
import Glibc

/// The few operations on files that the embedded servers need.
package enum FileTree {
  /// Makes `path` and what is missing above it; a folder that is there keeps its mode.
  static func makeDirectory(_ path: String, mode: UInt32) throws(EmbeddedError) {
    var folder = path.hasPrefix("/") ? "" : "."
    let parts = path.split(separator: "/")
    for (index, part) in parts.enumerated() {
      folder += "/\(part)"
      let isLast = index == parts.count - 1
      if mkdir(folder, isLast ? mode : 0o755) == 0 {
        // mkdir's mode is cut by the umask.
        if isLast { chmod(folder, mode) }
      } else {
        let error = errno
        guard !isDirectory(folder) else { continue }
        if error == EEXIST { throw EmbeddedError(.notPermitted, "\(folder) is not a folder: choose another one") }
        throw EmbeddedError(errno: error, "make the folder \(path)")
      }
    }
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Removes `path` and everything under it; links are removed, not followed. What cannot be removed stays.
  package static func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in names(in: path) { remove("\(path)/\(name)") }
    rmdir(path)
  }

  package static func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// The first bytes of a small file, or nil when there is none.
  static func contents(_ path: String, limit: Int = 4096) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = read(descriptor, &bytes, limit)
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }

  package static func write(_ text: String, to path: String, mode: UInt32) throws(EmbeddedError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw EmbeddedError(errno: errno, "write \(path)") }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw EmbeddedError(errno: errno, "write \(path)")
    }
  }

  /// Returns when everything that was written to the file system of `path` is on its disk.
  static func syncFileSystem(of path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = clinux_sync_file_system(descriptor)
    close(descriptor)
  }

  package static func target(ofLink path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = bytes.withUnsafeMutableBytes {
      readlink(path, $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
    }
    return count <= 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// The last lines of a log that were written after `offset`.
  static func tail(of path: String, from offset: Int, lines: Int = 8) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    let end = lseek(descriptor, 0, SEEK_END)
    let start = max(offset, end - 8192)
    guard end > start else { return "" }
    var bytes = [UInt8](repeating: 0, count: end - start)
    let count = pread(descriptor, &bytes, bytes.count, start)
    guard count > 0 else { return "" }
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").suffix(lines)
      .map { "  \($0)" }.joined(separator: "\n")
  }
}
