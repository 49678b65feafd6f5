import Glibc
import Networking

/// Content on its way into a folder. One task at a time uses it; what is not finished is removed with it.
package final class LocalUpload: @unchecked Sendable {
  private let attachment: Attachment
  private let draft: String
  private let path: String
  private var descriptor: Int32
  private let digest: DigestContext
  private var beginning: [UInt8] = []
  private var count: Int64 = 0

  /// Blocks. Throws `ObjectStoreError`.
  init(_ attachment: Attachment, draft: String, path: String) throws {
    guard let digest = DigestContext.sha256([]) else { throw ObjectStoreError(.unavailable, "OpenSSL cannot hash") }
    self.attachment = attachment
    self.draft = draft
    self.path = path
    self.digest = digest
    descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ObjectStoreError(errno: errno, "write", draft) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(draft)
  }

  /// Throws `ChatError` tooLarge for more than was announced, or `ObjectStoreError`.
  package func write(_ bytes: [UInt8]) async throws {
    guard count + Int64(bytes.count) <= attachment.size else {
      throw ChatError(.tooLarge, "The content is longer than the \(attachment.size) bytes that were announced.")
    }
    count += Int64(bytes.count)
    try await LocalObjectStore.threads.run { [self] in
      if beginning.count < ContentSignature.length {
        beginning += bytes.prefix(ContentSignature.length - beginning.count)
      }
      try bytes.withUnsafeBytes { bytes in
        guard digest.update(bytes) else { throw ObjectStoreError(.unavailable, "OpenSSL cannot hash") }
        var start = 0
        while start < bytes.count {
          let written = Glibc.write(descriptor, bytes.baseAddress! + start, bytes.count - start)
          if written < 0, errno == EINTR { continue }
          guard written > 0 else { throw ObjectStoreError(errno: errno, "write", draft) }
          start += written
        }
      }
    }
  }

  /// Compares the content with what was announced, and puts it on disk under its own name. It stays whatever happens
  /// afterwards. Throws `ChatError` invalidRequest, or `ObjectStoreError`.
  package func finish() async throws {
    guard count == attachment.size else {
      throw ChatError.invalid("size", "The content has \(count) bytes; \(attachment.size) were announced.")
    }
    try await LocalObjectStore.threads.run { [self] in
      var checksum = [UInt8](repeating: 0, count: 32)
      guard digest.finish(&checksum) else { throw ObjectStoreError(.unavailable, "OpenSSL cannot hash") }
      guard checksum == attachment.checksum else {
        throw ChatError.invalid("sha256", "The content is not what was announced: its SHA-256 is another.")
      }
      try AttachmentService.checkBeginning(beginning, of: attachment)
      guard fsync(descriptor) == 0 else { throw ObjectStoreError(errno: errno, "sync", draft) }
      try Self.makeFolder(of: path)
      guard rename(draft, path) == 0 else { throw ObjectStoreError(errno: errno, "rename", draft) }
      close(descriptor)
      descriptor = -1
      try Self.syncFolder(of: path)
    }
  }

  private static func makeFolder(of path: String) throws {
    let folder = parent(of: path)
    if mkdir(folder, 0o700) == 0 { return try syncFolder(of: folder) }
    guard errno == EEXIST else { throw ObjectStoreError(errno: errno, "make the folder", folder) }
  }

  /// A name is on disk when its folder is.
  private static func syncFolder(of path: String) throws {
    let folder = parent(of: path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ObjectStoreError(errno: errno, "open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw ObjectStoreError(errno: errno, "sync", folder) }
  }

  private static func parent(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }
}
