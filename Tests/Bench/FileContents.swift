import Glibc

/// Small files, whole.
enum FileContents {
  /// Empty when it cannot be read.
  static func text(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

  static func bytes(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count <= 0 { return contents }
      contents += chunk[..<count]
    }
  }
}
