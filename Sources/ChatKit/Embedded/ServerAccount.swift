import CLinux
import Glibc

/// The account that the servers run as, where it is not ours.
struct ServerAccount: Sendable, Equatable {
  var user: uid_t
  var group: gid_t

  /// Our own account: nothing is switched.
  static let own = ServerAccount(user: 0, group: 0)

  var isOwn: Bool { user == 0 }

  /// PostgreSQL refuses to run as root; Debian's package makes an account for it.
  static func choose() throws(EmbeddedError) -> ServerAccount {
    guard geteuid() == 0 else { return own }
    guard let entry = getpwnam("postgres") else {
      throw EmbeddedError(
        .missingPackage,
        "PostgreSQL does not run as root and there is no account 'postgres': apt-get install postgresql, "
          + "or start chatd as another user")
    }
    return ServerAccount(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
  }

  /// Makes `path` the account's own.
  func own(_ path: String) throws(EmbeddedError) {
    if !isOwn, chown(path, user, group) != 0 {
      throw EmbeddedError(errno: errno, "give \(path) to the account of PostgreSQL")
    }
  }

  /// Lets the account pass through every folder on the way to `path`, as an ACL entry for this account alone: `/root`
  /// is closed to others, and should stay so.
  func grantPassage(to path: String, _ progress: (String) -> Void) throws(EmbeddedError) {
    guard !isOwn, !canEnter(path) else { return }
    var folder = ""
    for part in path.split(separator: "/") {
      folder += "/\(part)"
      guard !canEnter(folder) else { continue }
      progress("letting the account of PostgreSQL pass through \(folder)")
      if !addTraversal(folder) || !canEnter(folder) {
        throw EmbeddedError(
          .notPermitted,
          "the account 'postgres' cannot enter \(folder): choose another folder, or chmod o+x \(folder)")
      }
    }
  }

  /// Asks the kernel rather than reading modes: a child of that account tries to enter.
  private func canEnter(_ folder: String) -> Bool {
    guard let child = try? ServerProcess.run("/bin/true", [], in: folder, output: -1, account: self) else {
      return false
    }
    return child == 0
  }

  /// Adds `user:x` to the folder's access ACL. The attribute is a version and then entries (tag, permissions, id) in
  /// the order of their tags.
  private func addTraversal(_ folder: String) -> Bool {
    struct Entry {
      var tag: UInt16
      var permissions: UInt16
      var id: UInt32
    }
    let (owner, named, group, namedGroup, mask, other): (UInt16, UInt16, UInt16, UInt16, UInt16, UInt16) =
      (1, 2, 4, 8, 16, 32)
    let name = "system.posix_acl_access"
    var entries: [Entry] = []
    var bytes = [UInt8](repeating: 0, count: 1024)
    let length = getxattr(folder, name, &bytes, bytes.count)
    if length >= 4 {
      bytes.withUnsafeBytes { raw in
        for offset in stride(from: 4, to: length - 7, by: 8) {
          entries.append(
            Entry(
              tag: raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self),
              permissions: raw.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self),
              id: raw.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)))
        }
      }
    } else {
      var status = stat()
      guard stat(folder, &status) == 0 else { return false }
      let mode = UInt16(truncatingIfNeeded: status.st_mode)
      entries = [
        Entry(tag: owner, permissions: mode >> 6 & 7, id: .max),
        Entry(tag: group, permissions: mode >> 3 & 7, id: .max),
        Entry(tag: mask, permissions: mode >> 3 & 7, id: .max), Entry(tag: other, permissions: mode & 7, id: .max),
      ]
    }
    entries.removeAll { $0.tag == named && $0.id == user }
    entries.append(Entry(tag: named, permissions: 1, id: user))
    if !entries.contains(where: { $0.tag == mask }) {
      entries.append(Entry(tag: mask, permissions: entries.first { $0.tag == group }?.permissions ?? 0, id: .max))
    }
    for index in entries.indices where entries[index].tag == mask { entries[index].permissions |= 1 }
    entries.sort { ($0.tag, $0.tag == named || $0.tag == namedGroup ? $0.id : 0) < ($1.tag, $1.id) }
    var attribute: [UInt8] = [2, 0, 0, 0]
    for entry in entries {
      withUnsafeBytes(of: entry.tag.littleEndian) { attribute.append(contentsOf: $0) }
      withUnsafeBytes(of: entry.permissions.littleEndian) { attribute.append(contentsOf: $0) }
      withUnsafeBytes(of: entry.id.littleEndian) { attribute.append(contentsOf: $0) }
    }
    return setxattr(folder, name, attribute, attribute.count, 0) == 0
  }
}
