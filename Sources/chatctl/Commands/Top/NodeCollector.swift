import ChatKit
import Commands
import HTTP
import Metrics
import Networking

/// Reads the nodes' metrics and the table of nodes.
final class NodeCollector {
  typealias Reading = Result<NodeReading, CollectionFailure>

  private let session: Session
  private let listeners: [(place: String, client: HTTPClient, url: String)]
  private let hasTable: Bool

  /// Throws `UsageError` where nobody says what to read.
  init(_ session: Session, places: [String]) throws {
    self.session = session
    let options = session.connections.options
    hasTable = options.postgres.url != nil || options.embedded != nil
    guard !places.isEmpty else {
      let (client, url) = try session.connections.admin()
      listeners = [(session.connections.tool.adminURL ?? "embedded", client, url)]
      return
    }
    listeners = places.map { place in
      guard place.hasPrefix("/") else {
        return (place, session.connections.http(), place.hasSuffix("/") ? String(place.dropLast()) : place)
      }
      var configuration = HTTPClientConfiguration()
      configuration.address = SocketAddress(.unix(place))
      return (place, session.connections.http(configuration), "http://localhost")
    }
  }

  /// One after another: a node that hangs holds the others up for as long as its answer may take.
  func read() async -> [Reading] {
    var readings: [Reading] = []
    for listener in listeners {
      do {
        let answer = try await listener.client.send(.get, "\(listener.url)/metrics", timeout: .seconds(2))
        if answer.status == .ok {
          let page = String(decoding: answer.bytes, as: UTF8.self)
          readings.append(.success(NodeReading(time: session.loop.now, metrics: ExpositionReader(page))))
        } else {
          readings.append(.failure(CollectionFailure(reason: "HTTP \(answer.status.code)")))
        }
      } catch {
        readings.append(.failure(CollectionFailure(reason: "\(error)")))
      }
    }
    return readings
  }

  /// What was between the last look and now.
  func rows(since before: inout [Reading]) async -> [NodeRow] {
    let now = await read()
    let table = hasTable ? (try? await Node.all(session.connections.postgres())) ?? [] : []
    let read = zip(listeners, zip(before, now)).map { listener, readings in
      let (earlier, later) = readings
      let result = later.map { reading in
        (reading, NodeRates((try? earlier.get()) ?? reading, reading))
      }
      return (place: listener.place, result: result)
    }
    before = now
    return NodeRow.rows(read, table: table)
  }
}
