import Glibc

/// What /proc says of the processes there are (proc(5)).
enum ProcessTable {
  struct Entry {
    var pid: pid_t
    var name: String
    var parent: pid_t
    /// User and system time of children that have ended, in clock ticks.
    var ticksOfReapedChildren: UInt64
  }

  static func read() -> [Entry] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var entries: [Entry] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let pid = pid_t(name), let read = self.entry(pid) else { continue }
      entries.append(read)
    }
    return entries
  }

  /// `pid (name) state parent …`; the name may hold anything, so the last parenthesis counts.
  private static func entry(_ pid: pid_t) -> Entry? {
    let text = FileContents.text("/proc/\(pid)/stat")
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
    let fields = text[close...].dropFirst(2).split(separator: " ")
    guard fields.count > 14, let parent = pid_t(fields[1]) else { return nil }
    return Entry(
      pid: pid, name: String(text[text.index(after: open)..<close]), parent: parent,
      ticksOfReapedChildren: (UInt64(fields[13]) ?? 0) + (UInt64(fields[14]) ?? 0))
  }
}
