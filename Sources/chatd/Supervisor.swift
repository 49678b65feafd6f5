import CLinux
import ChatKit
import Commands
import Glibc
import Logging
import Metrics
import Networking
import Postgres
import Primitives
import Redis

/// One life of the process: backends, migrations, application, and all of it back again. On the main thread's loop.
///
/// The first signal stops in good order; a second one, half a second or more later, while that is under way ends the process at
/// once.
final class Supervisor: @unchecked Sendable {
  private let options: Options
  private let configuration: LiveConfiguration
  private let loop: EventLoop
  private let log: Log
  private let sink: LogSink
  private let registry: MetricRegistry
  private let admin: AdminServer
  private let notifier: ServiceNotifier?
  /// What `systemctl status` shows.
  private var status = "starting"
  private var watchdog: Task<Void, Never>?
  private var servers: EmbeddedServers?
  private var application: Application?
  private var tls: TLSServerContext?
  private var adminTLS: TLSServerContext?
  private var work: Task<Void, Never>?
  /// When it was told to stop, or a server of its own had died; nil while it is to go on.
  private var stoppingSince: UInt64?
  private var isStopping: Bool { stoppingSince != nil }
  /// Within it a second signal is the first one's echo.
  private static let signalEcho = Duration.milliseconds(500)
  private(set) var exitCode: Int32 = 0

  init(options: Options, configuration: LiveConfiguration, loop: EventLoop) {
    self.options = options
    self.configuration = configuration
    self.loop = loop
    let environment = { (name: String) in getenv(name).map { String(cString: $0) } }
    let style = LogStyle(options.log.format, descriptor: 2, environment: environment)
    sink = LogSink(style: style)
    log = Log(sink: sink, threshold: options.log.level)
    if options.log.format != .auto || style.hasPriority { Console.speak(through: log) }
    notifier = ServiceNotifier(environment: environment)
    registry = MetricRegistry()
    ProcessMetrics.register(in: registry, role: options.role.rawValue, sink: sink)
    admin = AdminServer(loop: loop, registry: registry)
  }

  func start() {
    keepWatch()
    work = loop.start { [self] in
      do {
        try await bringUp()
      } catch {
        guard !isStopping else { return }
        report(error)
        await bringDown()
      }
    }
  }

  func received(_ signal: Int32) {
    guard signal != SIGHUP else { return reload() }
    if let stoppingSince {
      // Some tools signal the process and its group too: that is one wish, said twice.
      guard clinux_monotonic_ns() &- stoppingSince > Self.signalEcho.nanoseconds else { return }
      Console.say("chatd: stopped at once; the next start recovers.")
      sink.flush()
      exit(130)
    }
    stoppingSince = clinux_monotonic_ns()
    Console.say("chatd: stopping …")
    notifier?.stopping()
    admin.phase = .draining
    loop.start { [self] in
      work?.cancel()
      await work?.value
      await bringDown()
    }
  }

  // MARK: Reload

  /// Reads the configuration again and applies what can be applied. An invalid one changes nothing.
  private func reload() {
    guard !isStopping else { return }
    notifier?.reloading()
    // Whatever comes of it, it goes on.
    defer { notifier?.ready(status) }
    do {
      guard let change = try configuration.reload() else { return }
      log.threshold.level = change.options.log.level
      application?.reload(change.options)
      reloadCertificates()
      reloadKeys()
      reloadWords(change.options.filter)
      log.notice("the configuration was read again", ["changed": .string(change.applicable.list)])
      guard !change.pending.isEmpty else { return }
      log.warning(
        "changed settings take a restart; the old values stay until then", ["settings": .string(change.pending.list)])
    } catch let error as any CommandError {
      log.error("the configuration is invalid; the old one stays", ["error": .string(error.message)])
    } catch {
      log.error("the configuration cannot be read; the old one stays", ["error": .describing(error)])
    }
  }

  /// New connections get the certificates that the files have now; when anything is wrong, the old ones stay.
  private func reloadCertificates() {
    guard let tls, let adminTLS else { return }
    loop.start { [self] in
      do {
        try await WorkerThreads.blocking.run {
          try tls.reload()
          try adminTLS.reload()
        }
        log.notice("the certificates were read again", ["expires": .describing(Timestamp(seconds: tls.expiry))])
      } catch {
        let why = (error as? TLSError).map { options.tls.describe($0).message } ?? "\(error)"
        log.error("the certificates cannot be used; the old ones stay", ["error": .string(why)])
      }
    }
  }

  /// Access tokens are signed and verified with the keys that the files have now; when anything is wrong, with the old ones.
  private func reloadKeys() {
    guard let application else { return }
    loop.start { [self] in
      do {
        let keys = try await WorkerThreads.blocking.run { try application.readTokenKeys() }
        await application.replaceKeys(keys)
        log.notice(
          "the keys of access tokens were read again",
          ["active": .string(keys.active.id), "keys": .string(keys.names.joined(separator: " "))])
      } catch {
        log.error("the keys of access tokens cannot be used; the old ones stay", ["error": .describing(error)])
      }
    }
  }

  /// The filter looks for the words that its file has now; when anything is wrong, for the old ones.
  private func reloadWords(_ options: FilterOptions) {
    guard let application else { return }
    loop.start { [self] in
      do {
        let words = try await WorkerThreads.blocking.run { try options.readWords() }
        await application.replaceWords(words)
        if options.words != nil {
          log.notice("the words of the filter were read again", ["entries": .integer(Int64(words.count))])
        }
      } catch {
        log.error("the words of the filter cannot be used; the old ones stay", ["error": .describing(error)])
      }
    }
  }

  // MARK: Up

  private func bringUp() async throws {
    let clock = ContinuousClock()
    let started = clock.now
    // Before servers are started for it.
    tls = try makeTLS()
    adminTLS = try makeTLS(admin: true)
    if options.http.listen.port != 0 { try Listener.checkIsFree(options.http.listen) }
    var postgres = PostgresConfiguration(options.postgres)
    var redis = RedisConfiguration(options.redis)
    var secretsFolder = options.secrets ?? ""
    if let folder = options.embedded {
      let servers = try await EmbeddedServers.start(in: folder) { Console.say("chatd: \($0)") }
      self.servers = servers
      postgres.connectionString = servers.postgresConnectionString
      redis.address = .unix(servers.redisSocket)
      if options.secrets == nil { secretsFolder = "\(servers.directory)/secrets" }
      try await watch(servers)
    } else {
      postgres.password = try options.postgres.password.read()
      redis.password = try options.redis.password.read()
      do { try await redis.tls?.prepare() } catch let error as TLSError {
        throw ConfigurationError(.invalidInput, "redis.url: \(error)")
      }
    }
    if let address = options.admin.listen ?? servers.map({ SocketAddress(.unix("\($0.directory)/admin.sock")) }) {
      // Whoever may open the socket's file is known by that.
      if case .unix = address.kind {
        try admin.listen(on: address)
      } else {
        try admin.listen(on: address, tls: adminTLS)
      }
    }
    let kafka = options.bus.kind == .kafka ? try options.kafka.configuration() : nil
    let files = try options.attachments.place(embedded: servers?.directory)
    try Task.checkCancellation()
    let secrets = try Secrets(folder: secretsFolder)
    // Whom nobody asks for them needs no secret.
    let iceServers =
      options.role.servesAPI
      ? try options.calls.iceServers() : IceServers(stun: [], turn: [], secret: nil, lifetime: .zero)
    let words = try options.filter.readWords()
    admin.phase = .starting("the database is being migrated")
    try await migrate(postgres)
    try Task.checkCancellation()
    let encryption = try await Encryption.load(options, secrets: secrets, postgres: postgres, loop: loop)
    let parts = Application.Parts(
      options: options, postgres: postgres, redis: redis, tls: tls, kafka: kafka, secrets: secrets,
      encryption: encryption, iceServers: iceServers, words: words, log: log, registry: registry,
      attachments: try files.map { try AttachmentStorage($0, secret: secrets.sessionKey) })
    let application = try await Application.start(parts)
    self.application = application
    admin.phase = .serving(application)
    announce(application.address, clock.now - started)
  }

  private func makeTLS(admin: Bool = false) throws -> TLSServerContext? {
    guard let configuration = try options.tls.server(admin: admin) else { return nil }
    do throws(TLSError) {
      return try TLSServerContext(configuration)
    } catch {
      throw options.tls.describe(error)
    }
  }

  private func migrate(_ configuration: PostgresConfiguration) async throws {
    try await Migrator.with(configuration, loop: loop) { migrator in
      _ = try await migrator.up { [self] progress in
        switch progress {
        case .waitingForLock(let holder):
          Console.say("chatd: another process migrates the database; waiting for \(holder)")
          notifier?.status("another process migrates the database")
        case .started(let migration):
          Console.say("chatd: migrating: \(migration.fileName)")
          notifier?.status("migrating: \(migration.fileName)")
        case .retrying(let migration, let attempt):
          Console.say("chatd: \(migration.fileName) waits for a lock (attempt \(attempt))")
        case .blocked(let migration, let blockers):
          for blocker in blockers { Console.say("chatd: \(migration.fileName) waits for \(blocker)") }
        case .finished, .undone: break
        }
      }
    }
  }

  private func announce(_ address: SocketAddress, _ duration: Duration) {
    let isAny = address.host == "0.0.0.0" || address.host == "::"
    let url = "\(tls == nil ? "http" : "https")://\(isAny ? "localhost" : address.host):\(address.port)"
    Console.say(
      "chatd \(Version.current): \(options.role.rawValue) listens on \(address), ready in \(duration.milliseconds) ms")
    if let file = configuration.file { Console.say("chatd: configuration in \(file)") }
    if let address = admin.address { Console.say("chatd: metrics and readiness on \(address)") }
    status = "\(options.role.rawValue) listens on \(address)"
    notifier?.ready(status)
    guard options.role == .all, !Console.isLog else { return }
    Console.say(
      """
      Try:
        curl -s \(url)/api/auth/register -H 'Content-Type: application/json' \\
          -d '{"username":"ann","password":"correct horse"}'
      """)
  }

  /// A private server that dies is started again; what it had answered is on disk.
  private func watch(_ servers: EmbeddedServers) async throws {
    for service in EmbeddedService.allCases { try await watch(service, of: servers) }
  }

  private func watch(_ service: EmbeddedService, of servers: EmbeddedServers) async throws {
    try await servers.watch(service, on: loop) { [self] error in
      guard !isStopping else { return }
      log.error(
        "a private server has died; it is started again",
        ["service": .string(service.rawValue), "cause": .describing(error)])
      loop.start { [self] in
        do {
          try await servers.restart(service)
          try await watch(service, of: servers)
        } catch {
          guard !isStopping else { return }
          stoppingSince = clinux_monotonic_ns()
          report(error)
          await bringDown()
        }
      }
    }
  }

  // MARK: Down

  private func bringDown() async {
    await application?.stop()
    await admin.close()
    await servers?.stop()
    watchdog?.cancel()
    loop.stop()
  }

  /// Tells the service manager that every loop runs, twice in the time in which it wants to hear it. A loop that is
  /// stuck is not told of, and the manager restarts the process.
  private func keepWatch() {
    guard let notifier, let interval = notifier.watchdog else { return }
    watchdog = loop.start { [self] in
      while !Task.isCancelled {
        if await admin.stuckLoops(within: interval / 4).isEmpty { notifier.alive() }
        try? await loop.sleep(for: interval / 3)
      }
    }
  }

  /// Before the process ends: what was said is written.
  func flushLog() { sink.flush() }

  private func report(_ error: any Error) {
    switch error {
    case let error as EmbeddedError:
      exitCode = error.exitCode
      Console.say("chatd: \(error)")
    case let error as NetworkError where error.code == .addressInUse:
      exitCode = 73
      Console.say("chatd: \(error). Stop the other program, or choose another port with --listen HOST:PORT.")
    case let error as ConfigurationError:
      exitCode = error.exitCode.rawValue
      Console.say("chatd: \(error)")
      if let hint = error.hint { Console.say(hint) }
    case let error as NetworkError:
      exitCode = error.isRetriable ? 69 : 73
      Console.say("chatd: \(error)")
    case let error as KeyError:
      exitCode = ExitCode.invalidInput.rawValue
      Console.say("chatd: \(error)")
    case let error as Secrets.Failure:
      exitCode = 73
      Console.say("chatd: \(error)")
    case let error as ObjectStoreError:
      exitCode = error.isRetriable ? 69 : 73
      Console.say("chatd: attachments: \(error)")
    case let error as RedisError:
      exitCode = 69
      Console.say("chatd: Redis: \(error)")
    case let error as MigrationError:
      exitCode = error.isRetriable ? 75 : 70
      Console.say("chatd: \(error)")
    case let error as PostgresError:
      exitCode = 69
      Console.say("chatd: \(error)")
    default:
      exitCode = 70
      Console.say("chatd: \(error)")
    }
  }
}

extension [Setting] {
  /// Their paths, for a field of a log line.
  fileprivate var list: String { isEmpty ? "nothing" : map(\.path).joined(separator: " ") }
}
