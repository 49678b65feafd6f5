import CLinux
import ChatKit
import Glibc
import Logging
import Metrics
import Networking
import Primitives

/// What there is once a process: build, CPU, memory, descriptors, log. Asked when the metrics are read.
enum ProcessMetrics {
  static func register(in registry: MetricRegistry, role: String, sink: LogSink) {
    registry.observe(
      "chatd_build_info", "Always 1; what runs is in the labels.", labels: ["version", "role"]
    ) { $0([Version.current, role], 1) }
    registry.observe(
      "process_cpu_seconds_total", "User and system time of the process.", .counter, unit: .seconds
    ) { $0([], Int64(clamping: clinux_cpu_ns())) }
    registry.observe("process_resident_memory_bytes", "Memory of the process in RAM.", unit: .bytes) { give in
      if let pages = numbers(in: "/proc/self/statm").dropFirst().first {
        give([], pages * Int64(sysconf(Int32(_SC_PAGESIZE))))
      }
    }
    registry.observe("process_virtual_memory_bytes", "Memory that the process has mapped.", unit: .bytes) { give in
      if let pages = numbers(in: "/proc/self/statm").first { give([], pages * Int64(sysconf(Int32(_SC_PAGESIZE)))) }
    }
    registry.observe("process_open_fds", "Descriptors that are open.") { give in
      if let count = openDescriptors() { give([], count) }
    }
    registry.observe("process_max_fds", "Descriptors that may be open.") { $0([], Int64(sysconf(Int32(_SC_OPEN_MAX)))) }
    let started = startTime()
    registry.observe(
      "process_start_time_seconds", "When the process was started, since 1970.", unit: .seconds
    ) { $0([], started) }
    registry.observe("chatd_log_lines_total", "Lines of the log, by level.", .counter, labels: ["level"]) { give in
      for (level, count) in sink.counts.lines { give([level.name], Int64(count)) }
    }
    registry.observe(
      "chatd_log_dropped_total", "Lines of the log that standard error did not take.", .counter
    ) { $0([], Int64(sink.counts.dropped)) }
  }

  static func register(_ passwords: PasswordHasher, in registry: MetricRegistry) {
    registry.observe("chatd_password_queue", "Passwords that wait to be hashed.") {
      $0([], Int64(passwords.load.waiting))
    }
    registry.observe("chatd_password_hashing", "Passwords that are being hashed.") {
      $0([], Int64(passwords.load.running))
    }
    registry.observe("chatd_passwords_hashed_total", "Passwords that were hashed.", .counter) {
      $0([], Int64(passwords.load.done))
    }
    registry.observe("chatd_passwords_refused_total", "Logins refused because too many were waiting.", .counter) {
      $0([], Int64(passwords.load.refused))
    }
  }

  /// `tls` is nil where the listeners speak no TLS.
  static func register(_ tls: TLSServerContext?, in registry: MetricRegistry) {
    registry.observe(
      "chatd_tls_handshakes_total", "TLS handshakes, by how they ended.", .counter, labels: ["result"]
    ) { give in
      let resumed = tls?.resumptions ?? 0
      give(["full"], Int64((tls?.handshakes ?? 0) - resumed))
      give(["resumed"], Int64(resumed))
      give(["failed"], Int64(tls?.failures ?? 0))
    }
    registry.observe(
      "chatd_tls_certificate_expiry_seconds", "When the first of the listeners' certificates ends, since 1970.",
      unit: .seconds
    ) { give in
      if let tls { give([], tls.expiry * 1_000_000_000) }
    }
  }

  private static func numbers(in path: String) -> [Int64] {
    text(path).split(separator: " ").compactMap { Int64($0) }
  }

  private static func text(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
  }

  private static func openDescriptors() -> Int64? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    // Without ".", ".." and the folder's own.
    var count: Int64 = -3
    while readdir(folder) != nil { count += 1 }
    return count
  }

  /// Nanoseconds since 1970: the kernel tells it in ticks since its own start.
  private static func startTime() -> Int64 {
    let now = Timestamp.now().microseconds * 1000
    let fields = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
    var uptime = timespec()
    clock_gettime(CLOCK_BOOTTIME, &uptime)
    // Field 22, counted from 1; the split left the first two out.
    guard fields.count > 19, let ticks = Int64(fields[19]) else { return now }
    let age =
      Int64(uptime.tv_sec) * 1_000_000_000 + Int64(uptime.tv_nsec) - ticks
      * (1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
    return now - age
  }
}
