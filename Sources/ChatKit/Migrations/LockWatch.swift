import Networking
import Postgres

/// Looks whom a migrator's session waits for, over a connection of its own, while a statement takes long. On one loop.
final class LockWatch: @unchecked Sendable {
  /// A statement that has not ended after this is looked at, and then as often.
  private static let interval = Duration.milliseconds(500)

  private let pid: Int32
  private let configuration: PostgresConfiguration
  private let loop: EventLoop
  private let tell: ([LockBlocker]) -> Void
  private var told = Set<Int32>()
  /// Those that were there when it was looked last.
  private(set) var blockers: [LockBlocker] = []

  /// - Parameter tell: whom it waits for, where they are others than before.
  init(_ connection: PostgresConnection, _ tell: @escaping ([LockBlocker]) -> Void) {
    pid = connection.processID
    configuration = connection.configuration
    loop = connection.loop
    self.tell = tell
  }

  /// Watches while `body` runs.
  func during<Result>(_ body: () async throws -> Result) async throws -> Result {
    blockers = []
    return try await withThrowingTaskGroup(of: Void.self) { group in
      // What it cannot see, it does not tell: that is no reason for a migration to fail.
      group.addTask(executorPreference: loop.tasks) { try? await self.watch() }
      defer { group.cancelAll() }
      return try await body()
    }
  }

  private func watch() async throws {
    try await loop.sleep(for: Self.interval)
    let connection = try await PostgresConnection.connect(configuration, loop: loop)
    defer { connection.close() }
    while !Task.isCancelled {
      let found = try await LockBlocker.of(pid, connection)
      if !found.isEmpty {
        blockers = found
        let new = found.filter { told.insert($0.pid).inserted }
        if !new.isEmpty { tell(new) }
      }
      try await loop.sleep(for: Self.interval)
    }
  }
}
