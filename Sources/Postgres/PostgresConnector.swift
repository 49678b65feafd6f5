import CPostgres
import Glibc
import Networking

/// One attempt to connect: names resolved off the loop, then PQconnectPoll driven by the loop until it is done.
///
/// libpq may close its socket and open another between two polls (the next host, a retry without TLS), so the watch on
/// it is taken down before each poll and set up anew after it.
final class PostgresConnector: @unchecked Sendable {
  private let loop: EventLoop
  private let endpoint: String
  private var handle: OpaquePointer?
  /// The result, until the caller takes it.
  private var connected: OpaquePointer?
  private var watch: DescriptorWatch?
  private var timer: LoopTimer?
  private var continuation: UnsafeContinuation<Result<Void, PostgresError>, Never>?

  private init(loop: EventLoop, endpoint: String) {
    self.loop = loop
    self.endpoint = endpoint
  }

  /// An authenticated connection of libpq's, nonblocking and in pipeline mode. The caller owns it.
  static func connect(_ configuration: PostgresConfiguration, loop: EventLoop) async throws(PostgresError)
    -> OpaquePointer
  {
    loop.assertCurrent()
    let options = try await resolved(try configuration.options())
    let connector = PostgresConnector(loop: loop, endpoint: configuration.endpoint)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { connector.begin(options, configuration.connectTimeout, $0) }
    } onCancel: {
      loop.execute { connector.finish(.failure(PostgresError.taskCancelled)) }
    }
    try result.get()
    return try connector.takeConnected()
  }

  /// Adds `hostaddr` for hosts that are names, because libpq's own look-up would block the loop.
  private static func resolved(_ options: [String: String]) async throws(PostgresError) -> [String: String] {
    guard options["hostaddr"] == nil, let host = options["host"] ?? environment("PGHOST"), !host.isEmpty else {
      return options
    }
    let ports = (options["port"] ?? environment("PGPORT") ?? "5432").split(
      separator: ",", omittingEmptySubsequences: false)
    var hosts: [String] = []
    var addresses: [String] = []
    var chosenPorts: [String] = []
    for (index, name) in host.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
      let port = String(ports[ports.count == 1 ? 0 : min(index, ports.count - 1)])
      var found: [String] = [""]
      // A path is a Unix socket's directory, @ an abstract one.
      if !name.hasPrefix("/"), !name.hasPrefix("@"), !name.isEmpty {
        do {
          found = try await Resolver.resolve(String(name), port: 0).map(\.host)
        } catch {
          throw PostgresError(.connect, "cannot resolve \(name)", cause: error)
        }
      }
      for address in found {
        hosts.append(String(name))
        addresses.append(address)
        chosenPorts.append(port)
      }
    }
    var options = options
    options["host"] = hosts.joined(separator: ",")
    options["port"] = chosenPorts.joined(separator: ",")
    if addresses.contains(where: { !$0.isEmpty }) { options["hostaddr"] = addresses.joined(separator: ",") }
    return options
  }

  private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  private func begin(
    _ options: [String: String], _ timeout: Duration,
    _ continuation: UnsafeContinuation<Result<Void, PostgresError>, Never>
  ) {
    self.continuation = continuation
    if Task.isCancelled { return finish(.failure(.taskCancelled)) }
    // libpq copies what it is given.
    var keywords = options.keys.map { strdup($0) }
    var values = options.values.map { strdup($0) }
    defer { for text in keywords + values { free(text) } }
    keywords.append(nil)
    values.append(nil)
    handle = keywords.map { UnsafePointer($0) }.withUnsafeBufferPointer { keywords in
      values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
        PQconnectStartParams(keywords.baseAddress, values.baseAddress, 0)
      }
    }
    guard let handle, PQstatus(handle) != CONNECTION_BAD else { return fail() }
    timer = loop.schedule(after: timeout) { [self] in
      finish(.failure(PostgresError(.connect, "connecting to \(endpoint) took longer than \(timeout)")))
    }
    wait(for: .write)
  }

  private func wait(for interest: Interest) {
    guard let handle, PQsocket(handle) >= 0 else { return fail() }
    let watch = DescriptorWatch(descriptor: PQsocket(handle), loop: loop) { [self] _ in poll() }
    self.watch = watch
    loop.add(watch, interest)
  }

  private func poll() {
    guard let handle, continuation != nil else { return }
    unwatch()
    switch PQconnectPoll(handle) {
    case PGRES_POLLING_READING: wait(for: .read)
    case PGRES_POLLING_WRITING: wait(for: .write)
    case PGRES_POLLING_OK:
      guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { return fail() }
      connected = handle
      self.handle = nil
      finish(.success(()))
    default: fail()
    }
  }

  private func fail() {
    let message = handle == nil ? "out of memory" : PostgresError.message(of: handle)
    finish(.failure(PostgresError(.connect, message, sqlState: Self.state(of: message))))
  }

  /// libpq keeps no SQLSTATE for a failed connect. What a retry cannot mend is told by the server's message, which is
  /// in English only when `lc_messages` is; otherwise it is taken to be worth a retry.
  private static func state(of message: String) -> SQLState? {
    for (text, state) in [
      ("password authentication failed", "28P01"), ("no pg_hba.conf entry", "28000"), ("no password supplied", "28P01"),
      ("authentication failed", "28000"), ("the database system is", "57P03"), ("too many clients", "53300"),
      ("remaining connection slots", "53300"),
    ] as [(String, SQLState)] where message.contains(text) {
      return state
    }
    guard message.hasSuffix("does not exist") else { return nil }
    return message.contains("role \"") ? "28000" : message.contains("database \"") ? "3D000" : nil
  }

  private func finish(_ result: Result<Void, PostgresError>) {
    guard let continuation else { return }
    self.continuation = nil
    timer?.cancel()
    timer = nil
    unwatch()
    // Set still only when the attempt has failed: it was not handed over.
    if let handle { PQfinish(handle) }
    handle = nil
    continuation.resume(returning: result)
  }

  private func takeConnected() throws(PostgresError) -> OpaquePointer {
    guard let handle = connected else { throw PostgresError(.protocolViolation, "connected without a connection") }
    connected = nil
    return handle
  }

  private func unwatch() {
    if let watch { loop.remove(watch) }
    watch = nil
  }
}
