import ChatKit
import Metrics
import Primitives
import Testing

@testable import chatctl

@Suite("chatctl top")
struct TopTests {
  private func reading(_ seconds: UInt64, messages: Int, busy: [Int], started: Int = 1_700_000_000) -> NodeReading {
    let loops = busy.enumerated().map { "chatd_loop_busy_seconds_total{loop=\"\($0)\"} \($1)" }.joined(separator: "\n")
    return NodeReading(
      time: seconds * 1_000_000_000,
      metrics: ExpositionReader(
        """
        chatd_build_info{version="1.2",role="api"} 1
        process_start_time_seconds \(started)
        process_cpu_seconds_total \(seconds)
        chatd_messages_stored_total \(messages)
        chatd_sockets{transport="websocket"} 5
        chatd_sockets{transport="polling"} 2
        chatd_bus_lag_events{group="a"} 3
        chatd_bus_lag_events{group="b"} 9
        \(loops)
        """))
  }

  @Test("rates are of the time between two looks, gauges of the last; a counter that fell began anew")
  func rates() {
    let rates = NodeRates(reading(10, messages: 100, busy: [1, 2]), reading(14, messages: 500, busy: [1, 4]))
    #expect(rates.messages == 100 && rates.cpu == 1 && rates.busiestLoop == 0.5)
    #expect(rates.sockets == 7 && rates.lag == 9)
    #expect(rates.requests == nil && rates.requestP99 == nil)
    #expect(NodeRates(reading(10, messages: 100, busy: []), reading(12, messages: 8, busy: [])).messages == 4)
  }

  private func node(_ role: String, _ pid: Int32, started: Int64, isAlive: Bool = true) -> Node {
    Node(
      id: UUID.v7(), role: role, version: "1.2", host: "a", pid: pid, keyVersions: [], connections: 11,
      startedAt: Timestamp(seconds: started), leaseUntil: Timestamp(seconds: started), isAlive: isAlive)
  }

  @Test("a listener is found in the table of nodes by its role and start; others are listed with what is known of them")
  func matching() {
    let here = reading(14, messages: 500, busy: [1])
    let rows = NodeRow.rows(
      [
        (place: "x", result: .success((here, NodeRates(here, here)))),
        (place: "y", result: .failure(CollectionFailure(reason: "refused"))),
      ],
      table: [
        node("gateway", 7, started: 1_700_000_001), node("api", 8, started: 1_700_000_002),
        node("api", 9, started: 1_600_000_000, isAlive: false),
      ])
    #expect(rows.map(\.node) == ["a:8", "y", "a:7", "a:9"])
    #expect(rows.map(\.state) == ["ok", "refused", "no metrics asked", "lease over"])
    #expect(rows[2].connections == 11 && rows[3].connections == nil)
    for row in rows { #expect(row.values.count == 19) }
  }
}
