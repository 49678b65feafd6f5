import Glibc
import Primitives

/// A file of an export: lines, and what they hash to. It is there under its name when it is whole.
final class PersonFile {
  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private let digest: DigestContext

  /// Throws `PersonRecord.Failure`.
  init(_ path: String) throws {
    self.path = path
    guard let digest = DigestContext.sha256([]) else {
      throw PersonRecord.Failure(description: "OpenSSL cannot hash")
    }
    self.digest = digest
    descriptor = open("\(path).part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.failure(path) }
  }

  deinit { close(descriptor) }

  func write(_ line: [UInt8]) throws {
    buffer += line
    buffer.append(0x0a)
    if buffer.count >= 1 << 16 { try flush() }
  }

  private func flush() throws {
    let isHashed = buffer.withUnsafeBytes { digest.update($0) }
    guard isHashed, Self.writeAll(buffer, descriptor) else { throw Self.failure(path) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// The SHA-256 of it all, in hexadecimal.
  func finish() throws -> String {
    try flush()
    guard fsync(descriptor) == 0, rename("\(path).part", path) == 0 else { throw Self.failure(path) }
    var code = [UInt8](repeating: 0, count: 32)
    guard code.withUnsafeMutableBufferPointer({ $0.baseAddress.map { digest.finish($0) } ?? false }) else {
      throw PersonRecord.Failure(description: "OpenSSL cannot hash")
    }
    return Hex.encode(code)
  }

  /// Blocks.
  static func copy(_ source: String, to target: String) throws {
    let input = open(source, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw failure(source) }
    defer { close(input) }
    let output = open("\(target).part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw failure(target) }
    defer { close(output) }
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = bytes.withUnsafeMutableBytes { read(input, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(source) }
      if count == 0 { break }
      guard writeAll(Array(bytes[..<count]), output) else { throw failure(target) }
    }
    guard fsync(output) == 0, rename("\(target).part", target) == 0 else { throw failure(target) }
  }

  private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func failure(_ path: String) -> PersonRecord.Failure {
    PersonRecord.Failure(description: "cannot write \(path): \(String(cString: strerror(errno)))")
  }
}
