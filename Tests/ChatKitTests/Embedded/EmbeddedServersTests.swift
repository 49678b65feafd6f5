import CLinux
import ChatKit
import Glibc
import Networking
import Synchronization
import TestSupport
import Testing

/// One folder each; the shared servers of the other tests are not touched.
@Suite("Embedded servers")
struct EmbeddedServersTests {
  private func options(_ services: Set<EmbeddedService> = [.postgres, .redis]) -> EmbeddedOptions {
    var options = EmbeddedOptions()
    options.isDurable = false
    options.services = services
    return options
  }

  private func query(_ servers: EmbeddedServers, _ sql: String, database: String = "chat") async throws -> String {
    let programs = try #require(servers.postgresPrograms)
    let result = try await TestProcess.run(
      "\(programs)/psql",
      ["-X", "-q", "-A", "-t", "-c", sql, servers.postgresConnectionString(to: database)])
    guard result.exit == .code(0) else { throw TestFailure(result.output) }
    return String(result.output.split(separator: "\n").first ?? "")
  }

  @Test("keep their data over a stop and a start, and settings are safe")
  func keepData() async throws {
    let folder = try TemporaryFolder.make()
    let first = try await EmbeddedServers.start(in: folder, options: options())
    #expect(try await query(first, "SHOW server_encoding") == "UTF8")
    #expect(try await query(first, "SHOW data_checksums") == "on")
    #expect(try await query(first, "SHOW synchronous_commit") == "on")
    #expect(try await query(first, "SHOW listen_addresses") == "")
    _ = try await query(first, "CREATE TABLE t AS SELECT 42 AS x")
    await first.stop()
    #expect(await !first.isRunning(.postgres))
    let second = try await EmbeddedServers.start(in: folder, options: options())
    #expect(try await query(second, "SELECT x FROM t") == "42")
    await second.stop()
  }

  @Test("a folder has one owner; the second is told who holds it")
  func oneOwner() async throws {
    let folder = try TemporaryFolder.make()
    let servers = try await EmbeddedServers.start(in: folder, options: options([.redis]))
    let error = await #expect(throws: EmbeddedError.self) {
      _ = try await EmbeddedServers.start(in: folder, options: options([.redis]))
    }
    #expect(error?.code == .inUse)
    #expect(error?.exitCode == 75)
    #expect(error?.message.contains("pid \(getpid())") == true)
    await servers.stop()
    let again = try await EmbeddedServers.start(in: folder, options: options([.redis]))
    await again.stop()
  }

  @Test("a folder that is too deep for a socket's path works")
  func deepFolder() async throws {
    let folder = try TemporaryFolder.make()
    let deep = folder + String(repeating: "/a long 'name' here", count: 7)
    let servers = try await EmbeddedServers.start(in: deep, options: options())
    #expect(servers.redisSocket.utf8.count <= 107)
    #expect(try await query(servers, "SELECT 1") == "1")
    let sockets = try #require(FileTree.target(ofLink: "\(deep)/run"))
    await servers.stop()
    #expect(access(sockets, F_OK) != 0)
  }

  @Test("a half-made database is made anew")
  func halfMade() async throws {
    let folder = try TemporaryFolder.make()
    #expect(mkdir("\(folder)/pg.tmp", 0o700) == 0)
    #expect(mkdir("\(folder)/pg.tmp/base", 0o700) == 0)
    let servers = try await EmbeddedServers.start(in: folder, options: options([.postgres]))
    #expect(try await query(servers, "SELECT 1") == "1")
    #expect(access("\(folder)/pg.tmp", F_OK) != 0)
    await servers.stop()
  }

  @Test("a server that dies is noticed, and can be started again with its data")
  func deathIsNoticed() async throws {
    let folder = try TemporaryFolder.make()
    let servers = try await EmbeddedServers.start(in: folder, options: options([.postgres]))
    _ = try await query(servers, "CREATE TABLE t AS SELECT 7 AS x")
    try await withLoop { loop in
      let seen = Mutex<EmbeddedError?>(nil)
      try await servers.watch(.postgres, on: loop) { error in seen.withLock { $0 = error } }
      try await servers.kill(.postgres)
      try await eventually("the callback") { seen.withLock { $0 != nil } }
      #expect(seen.withLock { $0 }?.message.contains("signal 9") == true)
    }
    try await servers.restart(.postgres)
    #expect(try await query(servers, "SELECT x FROM t") == "7")
    await servers.stop()
  }

  @Test("a death before anybody watched is told all the same")
  func earlyDeath() async throws {
    let folder = try TemporaryFolder.make()
    let servers = try await EmbeddedServers.start(in: folder, options: options([.redis]))
    try await servers.kill(.redis)
    try await withLoop { loop in
      let seen = Atomic<Bool>(false)
      try await servers.watch(.redis, on: loop) { _ in seen.store(true, ordering: .relaxed) }
      try await eventually("the callback") { seen.load(ordering: .relaxed) }
    }
    await servers.stop()
  }

  @Test("as root, a folder behind a closed one is opened for PostgreSQL's account alone", .enabled(if: geteuid() == 0))
  func closedParent() async throws {
    let folder = try TemporaryFolder.make()
    #expect(chmod(folder, 0o700) == 0)
    let lines = Mutex<[String]>([])
    let servers: EmbeddedServers
    do {
      servers = try await EmbeddedServers.start(in: "\(folder)/data", options: options()) { line in
        lines.withLock { $0.append(line) }
      }
    } catch {
      // A file system without ACLs: then the way out is named.
      #expect(error.code == .notPermitted)
      #expect(error.message.contains("chmod o+x \(folder)"))
      return
    }
    #expect(lines.withLock { $0.contains { $0.contains("pass through \(folder)") } })
    var status = stat()
    #expect(stat(folder, &status) == 0 && status.st_mode & 0o007 == 0)
    #expect(try await query(servers, "SELECT 1") == "1")
    await servers.stop()
  }

  @Test("a stop that was asked for is no death")
  func stopIsNoDeath() async throws {
    let folder = try TemporaryFolder.make()
    let servers = try await EmbeddedServers.start(in: folder, options: options([.redis]))
    try await withLoop { loop in
      let calls = Atomic<Int>(0)
      try await servers.watch(.redis, on: loop) { _ in calls.add(1, ordering: .relaxed) }
      await servers.stop()
      // The loop has seen the end of the process by the time this comes back to it through the servers' thread.
      try await eventually { await !servers.isRunning(.redis) }
      _ = await servers.isRunning(.redis)
      #expect(calls.load(ordering: .relaxed) == 0)
    }
  }

  @Test("what an earlier life left running is stopped first")
  func leftovers() async throws {
    let folder = try TemporaryFolder.make()
    #expect(mkdir("\(folder)/redis", 0o700) == 0)
    let stray = try await TestProcess.start("/bin/sleep", ["600"], directory: "\(folder)/redis")
    let servers = try await EmbeddedServers.start(in: folder, options: options([.redis]))
    #expect(try await stray.waitForExit() == .signal(SIGINT))
    await servers.stop()
  }

  @Test("a folder that cannot be made, and data that is not PostgreSQL's, are one clear line")
  func clearErrors() async throws {
    let folder = try TemporaryFolder.make()
    let unwritable = await #expect(throws: EmbeddedError.self) {
      _ = try await EmbeddedServers.start(in: "/proc/chatd", options: options())
    }
    #expect(unwritable?.message.contains("/proc/chatd") == true)
    #expect(mkdir("\(folder)/pg", 0o700) == 0 && mkdir("\(folder)/pg/photos", 0o700) == 0)
    let foreign = await #expect(throws: EmbeddedError.self) {
      _ = try await EmbeddedServers.start(in: folder, options: options([.postgres]))
    }
    #expect(foreign?.message.contains("no PostgreSQL data") == true)
    #expect(foreign?.message.contains("\n") == false)
    #expect(rmdir("\(folder)/pg/photos") == 0)
    try FileTree.write("9\n", to: "\(folder)/pg/PG_VERSION", mode: 0o600)
    let old = await #expect(throws: EmbeddedError.self) {
      _ = try await EmbeddedServers.start(in: folder, options: options([.postgres]))
    }
    #expect(old?.code == .wrongVersion)
    #expect(old?.message.contains("apt-get install postgresql-9") == true)
  }

  @Test("a failed start quotes the log and leaves the folder free")
  func failedStart() async throws {
    let folder = try TemporaryFolder.make()
    var broken = options([.redis])
    broken.redisArguments = ["--no-such-setting", "1"]
    let error = await #expect(throws: EmbeddedError.self) {
      _ = try await EmbeddedServers.start(in: folder, options: broken)
    }
    #expect(error?.log.contains("no-such-setting") == true)
    let servers = try await EmbeddedServers.start(in: folder, options: options([.redis]))
    await servers.stop()
  }
}

@Suite("Test support")
struct TestSupportTests {
  @Test("every test has a database of its own, copied from a template that is made once")
  func databases() async throws {
    let template = DatabaseTemplate("support") { connectionString in
      let database = String(connectionString.split(separator: "=").last ?? "")
      try await TestDatabase.sql("CREATE TABLE t (x int)", database: database)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<4 {
        group.addTask {
          try await withDatabase(template: template) { connectionString in
            let database = String(connectionString.split(separator: "=").last ?? "")
            try await TestDatabase.sql("INSERT INTO t VALUES (\(index))", database: database)
            #expect(try await TestDatabase.sql("SELECT sum(x) FROM t", database: database) == "\(index)\n")
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("a child's lines, exit and signals are seen")
  func processes() async throws {
    let process = try await TestProcess.start("/bin/sh", ["-c", "echo ready >&2; sleep 600"])
    #expect(try await process.waitForLine(containing: "ready") == "ready")
    #expect(try await process.stop() == .signal(SIGTERM))
    #expect(try await TestProcess.run("/bin/sh", ["-c", "exit 3"]).exit == .code(3))
    await #expect(throws: TestFailure.self) {
      let silent = try await TestProcess.start("/bin/true")
      try await silent.waitForLine(containing: "ready")
    }
  }
}
