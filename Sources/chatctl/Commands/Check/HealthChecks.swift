import ChatKit
import Commands
import HTTP
import Networking
import Primitives

/// The checks there are, and how they are run on what a session is connected to.
enum HealthCheck: String, CaseIterable, Sendable {
  case postgres
  case migrations
  case replicas
  case redis
  case bus
  case lag
  case outbox
  case dead
  case nodes
  case files
  case certificates
  case http
  case canary

  var summary: String {
    switch self {
    case .postgres: "PostgreSQL answers, takes writes, has connections left; its clock"
    case .migrations: "the schema is this version's"
    case .replicas: "how far PostgreSQL's replicas are behind"
    case .redis: "Redis answers; eviction, memory, persistence, role; its clock"
    case .bus: "the topics are as chatd needs them"
    case .lag: "how far the groups of the bus are"
    case .outbox: "how long events wait for the bus"
    case .dead: "events that are parked"
    case .nodes: "which processes live"
    case .files: "open files of the processes on this machine"
    case .certificates: "until when the certificates are valid: those that are configured, and the one that --url shows"
    case .http: "the API answers, and is ready"
    case .canary: "a message, from the API to a socket, with its times"
    }
  }

  /// Those that are run where none is named.
  static let usual = allCases.filter { $0 != .canary }

  /// Runs it. What is not configured is a finding, UNKNOWN.
  /// - Parameter pause: between the two samples of lag.
  func run(_ session: Session, thresholds: LagThresholds, pause: Duration) async -> [HealthFinding] {
    do {
      return try await findings(session, thresholds, pause)
    } catch let error as UsageError {
      return [HealthFinding(rawValue, .unknown, error.message, fix: "say where it is, by an option or a context")]
    } catch {
      return [HealthFinding(rawValue, .critical, "\(error)", fix: "chatctl context show tells what is talked to")]
    }
  }

  private func findings(
    _ session: Session, _ thresholds: LagThresholds, _ pause: Duration
  ) async throws -> [HealthFinding] {
    let connections = session.connections
    switch self {
    case .postgres: return await StoreHealth(try connections.postgres()).server()
    case .migrations: return [await StoreHealth(try connections.postgres()).migrations()]
    case .replicas: return [await StoreHealth(try connections.postgres()).replicas()]
    case .redis: return await RedisHealth(try await connections.redis(), isBus: !connections.isKafka).server()
    case .bus: return await (try await busHealth(session)).contract()
    case .lag:
      return await (try await busHealth(session)).groups(
        thresholds: thresholds, after: pause == .zero ? nil : { try await session.sleep(for: pause) })
    case .outbox: return [await QueueHealth(try connections.postgres()).outbox()]
    case .dead: return [await QueueHealth(try connections.postgres()).deadLetters()]
    case .nodes: return [await QueueHealth(try connections.postgres()).nodes()]
    case .files: return HostHealth.files(try await Node.all(connections.postgres()), host: HostName.current)
    case .certificates: return await Certificates(session).findings()
    case .http: return await Self.http(session)
    case .canary: return [try await Canary(session).run()]
    }
  }

  private func busHealth(_ session: Session) async throws -> BusHealth {
    BusHealth(
      session.connections.options, topics: try await session.connections.topicStore(),
      lag: try await session.connections.lagSource())
  }

  // MARK: HTTP

  private static func http(_ session: Session) async -> [HealthFinding] {
    let url = session.connections.tool.url
    var findings = [await answer("http", "\(url)/health", session.connections.http(), session)]
    if let (client, admin) = try? session.connections.admin() {
      findings.append(await answer("http.ready", "\(admin)/readyz", client, session))
    }
    return findings
  }

  private static func answer(
    _ name: String, _ url: String, _ client: HTTPClient, _ session: Session
  ) async -> HealthFinding {
    let fix = "see that chatd runs (journalctl -u 'chatd@*'), and that --url and --admin-url are right"
    let before = session.loop.now
    do {
      let response = try await client.get(url)
      let seconds = Double(session.loop.now &- before) / 1e9
      let metrics = [HealthFinding.Metric("time", seconds, unit: "s", warning: 1, critical: 5)]
      guard response.status.code == 200 else {
        return HealthFinding(
          name, .critical, "\(url) answers \(response.status.code): \(body(response))", fix: fix, metrics: metrics)
      }
      return HealthFinding(
        name, "\(url) answers 200", fix: "it is slow: chatctl check postgres redis", metrics: metrics)
    } catch {
      return HealthFinding(name, .critical, "\(url) does not answer: \(error)", fix: fix)
    }
  }

  private static func body(_ response: HTTPResponse) -> String {
    CellText.printable(String(String(decoding: response.bytes.prefix(300), as: UTF8.self)))
  }
}
