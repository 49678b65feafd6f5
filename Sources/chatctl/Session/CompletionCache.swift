import ChatKit
import Commands
import Glibc
import Primitives

/// Words that were offered before, in a file under `$XDG_CACHE_HOME/chatctl`: a line each, and behind a tab what they are.
/// Whatever cannot be read or written is no reason to fail: then there is nothing to offer.
struct CompletionCache {
  /// More are not kept.
  private static let limit = 2000

  let path: String

  /// Nil where there is no place for it.
  /// - Parameter place: what the words depend on; its texts are not in the file's name, for they may name hosts and people.
  init?(kind: String, place: [String], folder: String? = CompletionCache.folder) {
    guard let folder else { return nil }
    let digest = SHA256.digest(Array(place.joined(separator: "\u{0}").utf8))
    path = "\(folder)/\(kind)-\(Hex.encode(Array(digest.prefix(8))))"
  }

  /// Of chatctl's caches.
  static var folder: String? {
    if let folder = Program.environment("XDG_CACHE_HOME"), folder.hasPrefix("/") { return "\(folder)/chatctl" }
    guard let home = Program.environment("HOME"), !home.isEmpty else { return nil }
    return "\(home)/.cache/chatctl"
  }

  func candidates(beginningWith prefix: String) -> [Candidate] {
    all.filter { $0.value.hasPrefix(prefix) }
  }

  /// Notes what there is now. Where that is all of a prefix, what else was known of it has gone.
  func remember(_ candidates: [Candidate], beginningWith prefix: String, isWhole: Bool) {
    let names = Set(candidates.map(\.value))
    let others = all.filter { !names.contains($0.value) && !(isWhole && $0.value.hasPrefix(prefix)) }
    write((candidates + others).prefix(Self.limit))
  }

  private var all: [Candidate] {
    guard let bytes = try? FileBytes.read(path, limit: 1 << 20, what: "cache") else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
      let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      return Candidate(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }

  /// Beside the file and then in its place: who reads it meanwhile sees the old one, whole.
  private func write(_ candidates: some Collection<Candidate>) {
    var folder = ""
    for part in path.split(separator: "/").dropLast() {
      folder += "/\(part)"
      _ = mkdir(folder, 0o700)
    }
    let text = candidates.map { "\(Self.plain($0.value))\t\(Self.plain($0.summary))\n" }.joined()
    let draft = "\(path).\(getpid())"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    let bytes = Array(text.utf8)
    let count = Glibc.write(descriptor, bytes, bytes.count)
    close(descriptor)
    if count == bytes.count { rename(draft, path) } else { unlink(draft) }
  }

  private static func plain(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
  }
}
