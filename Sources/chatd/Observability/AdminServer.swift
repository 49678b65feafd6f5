import ChatKit
import Glibc
import HTTP
import JSON
import Logging
import Metrics
import Networking

/// The listener for those who run the system: `/livez`, `/readyz`, `/metrics`. It has no authentication, so it belongs
/// on the loopback interface, a private network or a Unix socket.
///
/// It lives on the main thread's loop, which serves nothing else: it answers when every other loop is stuck, and says
/// so. It is there before the first migration and until the last connection is drained.
final class AdminServer: @unchecked Sendable {
  /// Where the process is in its life.
  enum Phase {
    /// What it waits for.
    case starting(String)
    case serving(Application)
    case draining
  }

  var phase = Phase.starting("starting") { didSet { phaseChanged() } }
  private let loop: EventLoop
  private let registry: MetricRegistry
  private let unresponsive: Gauge
  private var roll: LoopRoll?
  private var server: HTTPServer?

  init(loop: EventLoop, registry: MetricRegistry) {
    self.loop = loop
    self.registry = registry
    unresponsive = registry.owner().gauge(
      "chatd_loops_unresponsive", "Loops that did not answer within 250 ms when the metrics were read."
    ).with()
  }

  var address: SocketAddress? { server?.address }

  /// Throws `NetworkError` where the address cannot be had.
  func listen(on address: SocketAddress, tls: TLSServerContext? = nil) throws {
    let router = Router()
    router.get("/livez") { [unowned self] _, _ in await live() }
    router.get("/readyz") { [unowned self] _, _ in await ready() }
    router.get("/metrics") { [unowned self] request, _ in await metrics(request) }
    var configuration = HTTPServerConfiguration(address: address)
    configuration.maxConnections = 100
    configuration.tls = tls
    server = try HTTPServer(configuration: configuration, loop: loop) { router.handle($0, $1) }
    // Whoever may connect learns what the process does: its own account only.
    if case .unix(let path) = address.kind { chmod(path, 0o600) }
  }

  func close() async {
    await server?.close()
    server = nil
  }

  private func phaseChanged() {
    if case .serving(let application) = phase {
      roll = LoopRoll(home: loop, loops: application.loops)
    } else {
      roll = nil
    }
  }

  // MARK: Answers

  /// Loops that gave no sign of life for two seconds.
  func stuckLoops(within limit: Duration = .seconds(2)) async -> [Int] {
    await roll?.call(within: limit).sorted() ?? []
  }

  /// 200 as long as every loop runs: a process that is not alive should be restarted.
  private func live() async -> HTTPResponse {
    let stuck = await stuckLoops()
    return Self.answer(stuck.isEmpty ? "ok" : "failed", stuck.isEmpty) { json in
      if !stuck.isEmpty { json.field("reason", "loops \(stuck.map(String.init).joined(separator: ", ")) are stuck") }
    }
  }

  /// 200 when requests should be sent here.
  private func ready() async -> HTTPResponse {
    switch phase {
    case .starting(let what): return Self.answer("starting", false) { $0.field("reason", what) }
    case .draining: return Self.answer("draining", false) { $0.field("reason", "the process is stopping") }
    case .serving(let application):
      var checks = await application.readiness()
      let stuck = await stuckLoops(within: .seconds(1))
      checks.append(
        ReadinessCheck(
          name: "loops",
          failure: stuck.isEmpty ? nil : "loops \(stuck.map(String.init).joined(separator: ", ")) are stuck",
          isRequired: true))
      let isReady = checks.allSatisfy { $0.failure == nil || !$0.isRequired }
      let isWhole = checks.allSatisfy { $0.failure == nil }
      return Self.answer(isWhole ? "ready" : isReady ? "degraded" : "unready", isReady) { json in
        json.key("checks")
        json.beginArray()
        for check in checks { check.write(to: &json) }
        json.endArray()
      }
    }
  }

  private static func answer(
    _ status: String, _ isWell: Bool, _ more: (inout JSONWriter) -> Void
  ) -> HTTPResponse {
    var response = HTTPResponse.json(isWell ? .ok : .serviceUnavailable) { json in
      json.beginObject()
      json.field("status", status)
      more(&json)
      json.endObject()
    }
    response.headers.append("cache-control", "no-store")
    return response
  }

  private func metrics(_ request: HTTPRequest) async -> HTTPResponse {
    if case .serving(let application) = phase, let roll {
      let shards = application.metrics
      let missing = await roll.call(within: .milliseconds(250)) { shards[$0].sample() }
      unresponsive.set(missing.count)
    }
    let format = ExpositionFormat(accept: request.headers["accept"])
    return HTTPResponse(bytes: registry.text(format), contentType: format.contentType)
  }
}
