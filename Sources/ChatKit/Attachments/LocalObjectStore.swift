import Glibc
import Networking
package import Primitives

/// The content of attachments in a folder of this machine, or of a file system that all nodes share.
///
///     incoming/<id>.<random>    what is being uploaded
///     <xx>/<id>                 what is complete: verified, and on disk before it got this name
///
/// Files are read and written on threads of their own, never on a loop. Any loop may use it.
package final class LocalObjectStore: ObjectStore {
  static let threads = WorkerThreads(name: "files", threads: 4, queueLimit: 4096)
  /// What an upload leaves behind when its process dies is removed after this time.
  private static let abandonedAfter = 86_400

  package let folder: String
  private let paths: SignedPath

  /// Makes the folder where it is missing; blocks. Throws `ObjectStoreError`.
  package init(folder: String, paths: SignedPath) throws {
    self.folder = folder
    self.paths = paths
    for path in [folder, "\(folder)/incoming"] where mkdir(path, 0o700) != 0 && errno != EEXIST {
      throw ObjectStoreError(errno: errno, "make the folder", path)
    }
    guard access(folder, W_OK | X_OK) == 0 else { throw ObjectStoreError(errno: errno, "write to", folder) }
  }

  // MARK: ObjectStore

  package func upload(of attachment: Attachment, until: Timestamp) -> Attachment.SignedRequest {
    Attachment.SignedRequest(
      method: "PUT", url: paths.path("PUT", attachment.id, until: until),
      headers: [("Content-Type", attachment.contentType)], expiresAt: until)
  }

  package func download(of attachment: Attachment, until: Timestamp) -> Attachment.SignedRequest {
    Attachment.SignedRequest(method: "GET", url: paths.path("GET", attachment.id, until: until), expiresAt: until)
  }

  /// A file under its final name has been verified.
  package func inspect(_ attachment: Attachment) async throws -> StoredObject? {
    guard let file = try await open(attachment.id) else { return nil }
    return StoredObject(size: file.size, checksum: attachment.checksum)
  }

  package func remove(_ attachment: UUID) async throws {
    let path = path(of: attachment)
    try await Self.threads.run {
      guard unlink(path) != 0, errno != ENOENT else { return }
      throw ObjectStoreError(errno: errno, "remove", path)
    }
  }

  package func sweep() async throws { try await sweep(olderThan: Self.abandonedAfter) }

  /// - Parameter age: in seconds, since something was last written to it.
  package func sweep(olderThan age: Int) async throws {
    let folder = "\(folder)/incoming"
    try await Self.threads.run {
      for name in FileTree.names(in: folder) {
        var status = stat()
        guard stat("\(folder)/\(name)", &status) == 0, status.st_mtim.tv_sec <= time(nil) - age else { continue }
        unlink("\(folder)/\(name)")
      }
    }
  }

  // MARK: Content

  /// Checks a request for a path that was given out. Throws `ChatError` forbidden.
  package func check(_ method: String, _ attachment: UUID, expires: String?, signature: String?) throws {
    try paths.check(method, attachment, expires: expires, signature: signature)
  }

  /// Begins to take the content of `attachment`. Throws `ObjectStoreError`.
  package func begin(_ attachment: Attachment) async throws -> LocalUpload {
    let draft = "\(folder)/incoming/\(attachment.id).\(Hex.encode(SecureRandom.bytes(8)))"
    let path = path(of: attachment.id)
    return try await Self.threads.run { try LocalUpload(attachment, draft: draft, path: path) }
  }

  /// Complete content; nil where there is none. Throws `ObjectStoreError`.
  package func open(_ attachment: UUID) async throws -> LocalFile? {
    let path = path(of: attachment)
    return try await Self.threads.run { try LocalFile(path) }
  }

  /// The end of an identifier is random; its beginning is the time.
  func path(of attachment: UUID) -> String {
    let name = "\(attachment)"
    return "\(folder)/\(name.suffix(2))/\(name)"
  }
}

extension ObjectStoreError {
  init(errno code: Int32, _ what: String, _ path: String) {
    let kind: Code =
      switch code {
      case ENOSPC, EDQUOT, EFBIG: .full
      case EACCES, EPERM, EROFS, ENOTDIR, ELOOP, ENAMETOOLONG: .refused
      default: .unavailable
      }
    self.init(kind, "cannot \(what) \(path): \(String(cString: strerror(code)))")
  }
}
