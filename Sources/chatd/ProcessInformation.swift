import Glibc

enum ProcessInformation {
  /// Cores that this process may use.
  static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  static var id: Int32 { getpid() }

  /// The machine's name.
  static var host: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
      guard let base = name.baseAddress, gethostname(base, 255) == 0 else { return "unknown" }
      base[255] = 0
      return String(cString: base)
    }
  }
}
