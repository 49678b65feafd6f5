import ChatKit
import Commands
import Glibc
import Primitives

/// Variables of the environment that look like a setting's and are none: a slip of the pen would go unnoticed otherwise.
enum UnknownVariables {
  static func warnings() -> [String] {
    let known = ServerOptions.settings.map(\.environment) + [ChatdCommand.config.parameter.environment ?? ""]
    return warnings(names: names(), known: known)
  }

  /// Only what is close to a setting's: other programs' variables may begin with CHATD_ too.
  static func warnings(names: [String], known: [String]) -> [String] {
    let prefix = "CHATD_"
    return names.filter { $0.hasPrefix(prefix) && !known.contains($0) }.sorted().compactMap { name in
      // What all have in common makes none of them alike.
      NearestMatch.of(String(name.dropFirst(prefix.count)), in: known.map { String($0.dropFirst(prefix.count)) })
        .map { "the variable \(name) is no setting's; did you mean \(prefix)\($0)?" }
    }
  }

  /// The names of this process's variables, as it was started with them.
  private static func names() -> [String] {
    let descriptor = open("/proc/self/environ", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = part.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      bytes += part[..<count]
    }
    return bytes.split(separator: 0).map { variable in
      String(decoding: variable.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
    }
  }
}
