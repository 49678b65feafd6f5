import ChatKit
import Networking

/// Where files lie, once a process; each loop opens it for itself.
enum AttachmentStorage: Sendable {
  case local(LocalObjectStore)
  case s3(S3ObjectStore.Settings)

  /// - Parameter secret: what all nodes share; paths to a folder's files are signed with a key that is made of it.
  /// Throws `ObjectStoreError` where the folder cannot be used.
  init(_ place: AttachmentOptions.Place, secret: [UInt8]) throws {
    switch place {
    case .folder(let folder): self = .local(try LocalObjectStore(folder: folder, paths: SignedPath(secret: secret)))
    case .s3(let settings): self = .s3(settings)
    }
  }

  /// What a loop has of it.
  struct Opened: Sendable {
    let store: any ObjectStore
    /// Where the content passes through us.
    let local: LocalObjectStore?

    /// On the loop.
    func close() { (store as? S3ObjectStore)?.close() }
  }

  func open(on loop: EventLoop) -> Opened {
    switch self {
    case .local(let store): Opened(store: store, local: store)
    case .s3(let settings): Opened(store: S3ObjectStore(settings, loop: loop), local: nil)
    }
  }
}
