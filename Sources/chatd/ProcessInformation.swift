import ChatKit
import Glibc

enum ProcessInformation {
  /// Cores that this process may use.
  static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  static var id: Int32 { getpid() }

  /// The machine's name.
  static var host: String { HostHealth.name }
}
