// Embedded: a private PostgreSQL and a private Redis in one folder, owned by this process.
//
// Pattern. `EmbeddedServers.start(in:)` claims the folder, stops what an earlier life left running there, starts both
// servers on Unix sockets only (there is no TCP port) and returns when both answer. Layout of the folder:
//
//     lock            flock'ed by the owner for as long as it lives; holds its pid
//     run/            the sockets, mode 0700; a symbolic link to a short path when the folder's own is too long
//     pg/  redis/     the servers' data; pg.tmp/ exists only while initdb is under way
//     postgres.log  redis.log
//
// Concurrency. Everything that blocks (fork, initdb, waiting) runs on worker threads, one call at a time for each
// `EmbeddedServers`, whose mutable state is touched there only. Those threads live as long as the process, which
// matters: a child's death signal comes when the *thread* that forked it ends.
//
// Lifecycle. The servers never outlive us: a kill -9 of this process sends them their death signal (PostgreSQL a fast
// shutdown, Redis SIGTERM). Should one be left all the same, the next start finds it by its working directory and
// stops it first. initdb works in pg.tmp and is renamed when it is complete, so that a folder is never half made.
//
// Privileges. PostgreSQL refuses to run as root; then both servers run as the account `postgres`, and own their data.

import CLinux
import Glibc
package import Networking
import Synchronization

package final class EmbeddedServers: @unchecked Sendable {
  /// Fork the servers and wait for them; they never end (see the overview). Tests own several folders at a time.
  private static let threads = WorkerThreads(name: "embedded", threads: 4, queueLimit: 1024)

  /// The folder's absolute path.
  package let directory: String
  /// For libpq: socket folder, user and database.
  package let postgresConnectionString: String
  /// The path of Redis's Unix socket.
  package let redisSocket: String

  private let folder: DataFolder
  private let postgres: PostgresServer?
  private let redis: RedisServer?
  private var isStopped = false
  /// Held by the one call that is under way.
  private let turn = Mutex(())

  private init(_ folder: DataFolder, _ options: EmbeddedOptions) throws(EmbeddedError) {
    self.folder = folder
    directory = folder.path
    postgresConnectionString = PostgresServer.connectionString(sockets: folder.sockets)
    redisSocket = RedisServer.socketPath(in: folder.sockets)
    postgres = options.services.contains(.postgres) ? try PostgresServer(folder, options) : nil
    redis = options.services.contains(.redis) ? try RedisServer(folder, options) : nil
  }

  /// Starts the servers in `directory`, which is made when it does not exist, and returns when they answer.
  /// - Parameter progress: called with a line for people, when something takes long enough to wonder.
  package static func start(
    in directory: String, options: EmbeddedOptions = EmbeddedOptions(),
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(EmbeddedError) -> EmbeddedServers {
    try await onThread { () throws(EmbeddedError) in
      let folder = try DataFolder.open(directory, progress)
      do throws(EmbeddedError) {
        try folder.stopLeftovers(progress)
        let servers = try EmbeddedServers(folder, options)
        do throws(EmbeddedError) {
          try servers.launch(progress)
        } catch {
          servers.shutDown()
          throw error
        }
        return servers
      } catch {
        folder.close()
        throw error
      }
    }
  }

  /// Both are started before either is waited for.
  private func launch(_ progress: @Sendable (String) -> Void) throws(EmbeddedError) {
    try postgres?.prepare(progress)
    try postgres?.launch()
    try redis?.launch()
    try redis?.awaitReady(progress)
    try postgres?.awaitReady(progress)
  }

  /// Stops both in good order (PostgreSQL's fast shutdown), killing what does not end in time, and gives the folder up.
  package func stop() async {
    _ = try? await exclusively { () throws(EmbeddedError) in
      self.shutDown()
      self.folder.close()
    }
  }

  private func shutDown() {
    guard !isStopped else { return }
    isStopped = true
    postgres?.process?.beginStop()
    redis?.process?.beginStop()
    redis?.process?.finishStop()
    postgres?.process?.finishStop()
  }

  /// The folder of PostgreSQL's own programs (psql, pg_dump).
  package var postgresPrograms: String? { postgres?.programs }

  /// For libpq, with another database than ours.
  package func postgresConnectionString(to database: String) -> String {
    PostgresServer.connectionString(sockets: folder.sockets, database: database)
  }

  // MARK: One server

  /// Whether the server's process lives.
  package func isRunning(_ service: EmbeddedService) async -> Bool {
    let hasEnded = try? await exclusively { () throws(EmbeddedError) in self.process(of: service)?.hasEnded ?? true }
    return hasEnded == false
  }

  /// The process id of a running server.
  package func processID(of service: EmbeddedService) async -> Int32? {
    try? await exclusively { () throws(EmbeddedError) in self.process(of: service)?.pid }
  }

  private func process(of service: EmbeddedService) -> ServerProcess? {
    switch service {
    case .postgres: postgres?.process
    case .redis: redis?.process
    }
  }

  /// Starts a server again that has died; one that still runs is stopped first.
  /// - Parameter wipe: begin with no data. Redis only: PostgreSQL's data is never thrown away.
  package func restart(_ service: EmbeddedService, wipe: Bool = false) async throws(EmbeddedError) {
    try await exclusively { () throws(EmbeddedError) in
      guard !self.isStopped else { return }
      switch service {
      case .postgres:
        guard let postgres = self.postgres else { return }
        postgres.process?.stop()
        try self.folder.stopLeftovers(in: postgres.data, { _ in })
        try postgres.launch()
        try postgres.awaitReady { _ in }
      case .redis:
        guard let redis = self.redis else { return }
        redis.process?.stop()
        try self.folder.stopLeftovers(in: redis.data, { _ in })
        if wipe { try redis.wipe() }
        try redis.launch()
        try redis.awaitReady { _ in }
      }
    }
  }

  /// Calls `died` on `loop` when the server that runs now ends without having been told to. To be called again after a
  /// `restart`.
  package func watch(
    _ service: EmbeddedService, on loop: EventLoop, died: @escaping @Sendable (EmbeddedError) -> Void
  ) async throws(EmbeddedError) {
    try await exclusively { () throws(EmbeddedError) in
      if let failure = self.unexpectedEnd(of: service) {
        // It was quicker than we: there is no pid left to watch.
        loop.execute { died(failure) }
      } else if let process = self.process(of: service), !process.hasEnded {
        let descriptor = try process.exitDescriptor()
        loop.execute { self.watch(descriptor, of: service, on: loop, died) }
      }
    }
  }

  private func watch(
    _ descriptor: Int32, of service: EmbeddedService, on loop: EventLoop,
    _ died: @escaping @Sendable (EmbeddedError) -> Void
  ) {
    var watch: DescriptorWatch?
    watch = DescriptorWatch(descriptor: descriptor, loop: loop) { [self] _ in
      // Readable once the process has ended.
      if let watch { loop.remove(watch) }
      watch = nil
      close(descriptor)
      loop.start {
        let error = try? await self.exclusively { () throws(EmbeddedError) in self.unexpectedEnd(of: service) }
        if let error = error.flatMap({ $0 }) { died(error) }
      }
    }
    if let watch { loop.add(watch, .read) }
  }

  private func unexpectedEnd(of service: EmbeddedService) -> EmbeddedError? {
    guard !isStopped, let process = process(of: service), process.hasEnded, !process.isStopping else { return nil }
    return process.failure("has ended")
  }

  /// Runs `body` on a thread that may block, when no other call on these servers is under way.
  private func exclusively<Result: Sendable>(
    _ body: @escaping @Sendable () throws(EmbeddedError) -> Result
  ) async throws(EmbeddedError) -> Result {
    try await Self.onThread { () throws(EmbeddedError) in
      try self.turn.withLock { _ throws(EmbeddedError) in try body() }
    }
  }

  private static func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws(EmbeddedError) -> Result
  ) async throws(EmbeddedError) -> Result {
    do {
      return try await threads.run(body)
    } catch let error as EmbeddedError {
      throw error
    } catch {
      throw EmbeddedError(.system, "the embedded servers are busy: \(error)")
    }
  }
}
