import Glibc

/// The name of the machine that this process runs on.
package enum HostName {
  package static var current: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
      guard let base = name.baseAddress, gethostname(base, 255) == 0 else { return "unknown" }
      base[255] = 0
      return String(cString: base)
    }
  }
}
