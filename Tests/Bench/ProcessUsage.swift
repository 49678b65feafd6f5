import CLinux
import Glibc

/// What a process and the servers that it owns have used of the processor, in nanoseconds.
struct ProcessUsage {
  var daemon: UInt64 = 0
  var postgres: UInt64 = 0
  var redis: UInt64 = 0

  static func - (after: ProcessUsage, before: ProcessUsage) -> ProcessUsage {
    ProcessUsage(
      daemon: after.daemon &- before.daemon, postgres: after.postgres &- before.postgres,
      redis: after.redis &- before.redis)
  }
}

/// Finds the daemon's servers among its children once, then reads their clocks.
struct ProcessFamily {
  private let daemon: pid_t
  private let postmaster: pid_t?
  private let redis: pid_t?

  init(daemon: pid_t) {
    self.daemon = daemon
    let children = ProcessTable.read().filter { $0.parent == daemon }
    postmaster = children.first { $0.name == "postgres" }?.pid
    redis = children.first { $0.name == "redis-server" }?.pid
  }

  /// All threads of each process. PostgreSQL is the postmaster with its backends; one that ends is counted by the
  /// kernel at the postmaster, in hundredths of a second.
  func usage() -> ProcessUsage {
    var usage = ProcessUsage()
    usage.daemon = Self.clock(daemon)
    if let redis { usage.redis = Self.clock(redis) }
    if let postmaster {
      let table = ProcessTable.read()
      let reaped = table.first { $0.pid == postmaster }?.ticksOfReapedChildren ?? 0
      usage.postgres = Self.clock(postmaster) + reaped * (1_000_000_000 / UInt64(sysconf(Int32(_SC_CLK_TCK))))
      for entry in table where entry.parent == postmaster { usage.postgres += Self.clock(entry.pid) }
    }
    return usage
  }

  /// The process's CPU-time clock (clock_getcpuclockid): nanoseconds, where /proc has hundredths of a second.
  static func clock(_ pid: pid_t) -> UInt64 {
    var id = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(pid, &id) == 0, clock_gettime(id, &time) == 0 else { return 0 }
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Resident memory of the daemon in bytes: all of it, and the part that is its own heap and stacks.
  func residentMemory() -> (all: Int, anonymous: Int) {
    var sizes: [Substring: Int] = [:]
    for line in FileContents.text("/proc/\(daemon)/status").split(separator: "\n") {
      let words = line.split { $0 == " " || $0 == "\t" }
      if words.count == 3, let size = Int(words[1]) { sizes[words[0]] = size << 10 }
    }
    return (sizes["VmRSS:"] ?? 0, sizes["RssAnon:"] ?? 0)
  }
}
