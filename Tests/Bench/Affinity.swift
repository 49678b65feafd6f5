import Glibc

/// Which core a process runs on, by taskset(1): the overlay has no cpu_set_t.
enum Affinity {
  /// All threads of `pid`, and those that they start; child processes that exist already are not touched.
  static func pin(_ pid: pid_t, to core: Int) {
    guard Command.run("/usr/bin/taskset", ["-a", "-c", "-p", "\(core)", "\(pid)"]) == 0 else {
      Report.note("Bench: taskset failed: the figures mix the generator with what it measures")
      return
    }
  }
}
