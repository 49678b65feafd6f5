import ChatKit
import Glibc
import HTTP
import JSON
import Logging
import Metrics
import Networking
import Primitives
import Synchronization

/// The listener for those who run the system: `/livez`, `/readyz`, `/metrics`, and `/hops` for `chatctl trace`. It has no authentication, so it belongs
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
    router.get("/hops") { [unowned self] request, _ in await hops(request) }
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

  /// When a message of late passed this process: `?conversation=ID&seq=N&event=ID`, the event's id where it is known. Times are
  /// this machine's; what the process has not seen, or no longer remembers, is missing.
  private func hops(_ request: HTTPRequest) async -> HTTPResponse {
    guard let conversation = request.query["conversation"].flatMap({ UUID($0) }),
      let seq = request.query["seq"].flatMap({ Int64($0) })
    else {
      return HTTPResponse.json(.badRequest) { json in
        json.beginObject()
        json.field("reason", "conversation and seq say which message is meant")
        json.endObject()
      }
    }
    let event = request.query["event"].flatMap { UUID($0) }
    let found = Mutex((deliveries: [(loop: Int, delivery: RecentHops.Delivery)](), published: [Timestamp]()))
    if case .serving(let application) = phase, let roll {
      let shards = application.metrics
      _ = await roll.call(within: .milliseconds(250)) { index in
        let recent = shards[index].hops.recent
        let deliveries = recent.deliveries(of: seq, in: conversation).map { (loop: index, delivery: $0) }
        let published = event.map { recent.publications(of: $0).map(\.at) } ?? []
        found.withLock {
          $0.deliveries += deliveries
          $0.published += published
        }
      }
    }
    let answer = found.withLock { $0 }
    return HTTPResponse.json(.ok) { json in
      json.beginObject()
      json.key("published")
      json.beginArray()
      for time in answer.published { json.value("\(time)") }
      json.endArray()
      json.key("deliveries")
      json.beginArray()
      for (loop, delivery) in answer.deliveries {
        json.beginObject()
        json.field("loop", loop)
        if let consumed = delivery.consumed { json.field("consumed", "\(consumed)") }
        json.field("delivered", "\(delivery.delivered)")
        json.field("receivers", delivery.receivers)
        json.endObject()
      }
      json.endArray()
      json.endObject()
    }
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
