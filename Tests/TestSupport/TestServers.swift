// TestSupport: what the tests stand on. Real servers, one pair a test run, started when the first test asks; a database
// of its own for each test; built programs as child processes; loops; waiting with a deadline.
//
// Everything may be used from tests that run in parallel. The servers live in a temporary folder and are stopped and
// removed when the process exits; when it is killed they get their death signal, and the next run removes the folder.

package import ChatKit
import Glibc
import Synchronization

/// The PostgreSQL and the Redis that all tests of this process share.
package enum TestServers {
  private static let starting = Task<EmbeddedServers, any Error> {
    TemporaryFolder.removeStale()
    let folder = try TemporaryFolder.make()
    var options = EmbeddedOptions()
    options.isDurable = false
    options.redisArguments = ["--enable-debug-command", "yes", "--databases", "\(TestRedis.databases)"]
    options.postgresSettings = [("max_connections", "300")]
    let servers = try await EmbeddedServers.start(in: folder, options: options)
    let pids = [await servers.processID(of: .postgres), await servers.processID(of: .redis)].compactMap { $0 }
    AtExit.register(pids: pids)
    return servers
  }

  /// Starts them on the first call.
  package static var shared: EmbeddedServers { get async throws { try await starting.value } }
}

/// Stops the shared servers when the test process exits.
private enum AtExit {
  private static let pids = Mutex<[pid_t]>([])

  static func register(pids: [pid_t]) {
    self.pids.withLock { $0 = pids }
    atexit {
      // Nothing is worth keeping: PostgreSQL's immediate shutdown.
      let pids = AtExit.pids.withLock { $0 }
      for pid in pids { kill(pid, SIGQUIT) }
      for pid in pids {
        var patience = 3000
        while waitpid(pid, nil, WNOHANG) == 0, patience > 0 {
          patience -= 1
          if patience == 1000 { kill(pid, SIGKILL) }
          usleep(1000)
        }
      }
      TemporaryFolder.removeAll()
    }
  }
}
