import CLinux
import Glibc

/// Tells the service manager how it goes: sd_notify(3), which is a datagram to the socket that `NOTIFY_SOCKET` names.
/// Any thread; a manager that does not listen is no error of ours.
struct ServiceNotifier: Sendable {
  private let path: String
  /// How often the manager wants to hear that the process is alive; nil when it does not.
  let watchdog: Duration?

  /// Nil where nobody is to be told.
  init?(environment: (String) -> String?, pid: pid_t = getpid()) {
    guard let path = environment("NOTIFY_SOCKET"), path.hasPrefix("/") || path.hasPrefix("@"),
      (2...107).contains(path.utf8.count)
    else { return nil }
    self.path = path
    let isMeant = environment("WATCHDOG_PID").map { $0 == "\(pid)" } ?? true
    let interval = environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
    watchdog = isMeant && interval > 0 ? .microseconds(interval) : nil
  }

  func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
  func stopping() { send("STOPPING=1\nSTATUS=draining") }
  /// Followed by `ready` when it is done.
  func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(clinux_monotonic_ns() / 1000)") }
  func alive() { send("WATCHDOG=1") }
  func status(_ text: String) { send("STATUS=\(text)") }
  /// Asks for more time than `TimeoutStartSec` has left, as while migrating.
  func extend(_ time: Duration) { send("EXTEND_TIMEOUT_USEC=\(time.components.seconds * 1_000_000)") }

  private func send(_ message: String) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    withUnsafeMutableBytes(of: &address) { bytes in
      for (index, byte) in name.enumerated() { bytes[offset + index] = byte }
      // An abstract socket's name begins with a zero byte.
      if name.first == UInt8(ascii: "@") { bytes[offset] = 0 }
    }
    let length = socklen_t(offset + name.count)
    var message = message
    message.withUTF8 { bytes in
      withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          _ = sendto(
            descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL), $0, length
          )
        }
      }
    }
  }
}
