import ChatKit
import Primitives

/// A line of `chatctl top`: a node that says how it fares, or one that only the table of nodes knows.
struct NodeRow {
  var node: String
  var role: String
  var version: String?
  /// Why there is nothing more.
  var state = "ok"
  var startedAt: Timestamp?
  var rates: NodeRates?
  /// As the table of nodes has them, where the node itself says nothing.
  var connections: Int?

  var values: [RecordValue] {
    func ratio(_ value: Double?) -> RecordValue { value.map { .number(($0 * 1000).rounded() / 1000) } ?? .null }
    func rate(_ value: Double?) -> RecordValue { value.map { .number(($0 * 10).rounded() / 10) } ?? .null }
    func count(_ value: Double?) -> RecordValue { value.map { .integer(Int($0)) } ?? .null }
    func time(_ value: Double?) -> RecordValue { RecordValue(value.map { Duration.seconds($0) }) }
    return [
      .string(node), .string(role), RecordValue(version), .string(state),
      RecordValue(startedAt.map { Timestamp.now() - $0 }),
      ratio(rates?.cpu), ratio(rates?.busiestLoop), rates?.memory.map { .size(Int($0)) } ?? .null,
      count(rates?.sockets ?? connections.map(Double.init)), rate(rates?.requests), time(rates?.requestP99),
      rate(rates?.messages), rate(rates?.deliveries), time(rates?.deliveryP99), time(rates?.loopLagP99),
      count(rates?.lag),
      time(rates?.outboxAge), count(rates?.deadLetters), rate(rates?.errors),
    ]
  }

  /// The rows of nodes whose metrics were read, and after them the nodes of the table that none of these is.
  /// - Parameters:
  ///   - read: by the place of each admin listener; the reason where there was none.
  static func rows(
    _ read: [(place: String, result: Result<(NodeReading, NodeRates), CollectionFailure>)], table: [Node]
  ) -> [NodeRow] {
    var left = table
    var rows: [NodeRow] = []
    for (place, result) in read {
      switch result {
      case .failure(let failure): rows.append(NodeRow(node: place, role: "?", state: failure.reason))
      case .success(let (reading, rates)):
        // The same role, begun at the same time, within what it takes a process to write its row.
        let match = left.firstIndex {
          $0.role == reading.role && (Double($0.startedAt.microseconds) / 1e6 - reading.startedAt).magnitude < 30
        }
        let node = match.map { left.remove(at: $0) }
        rows.append(
          NodeRow(
            node: node.map { "\($0.host):\($0.pid)" } ?? place, role: reading.role, version: reading.version,
            state: node.map { $0.isAlive ? "ok" : "lease over" } ?? "ok",
            startedAt: Timestamp(microseconds: Int64(reading.startedAt * 1e6)), rates: rates))
      }
    }
    for node in left {
      rows.append(
        NodeRow(
          node: "\(node.host):\(node.pid)", role: node.role, version: node.version,
          state: node.isAlive ? "no metrics asked" : "lease over", startedAt: node.startedAt, rates: nil,
          connections: node.isAlive ? node.connections : nil))
    }
    return rows
  }
}
