package import ChatKit
import Glibc

extension EmbeddedServers {
  /// Kill -9, and waits until it is gone; `restart` brings it back.
  package func kill(_ service: EmbeddedService) async throws {
    guard let pid = await processID(of: service) else { return }
    Glibc.kill(pid, SIGKILL)
    try await eventually("the end of \(service.rawValue)") { await !isRunning(service) }
  }
}
