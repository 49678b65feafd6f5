package import YAML

/// A file of kind LoadScenario: who does how much of what, and what must come of it. docs/chatctl/load.md has every key.
package struct LoadScenario: Sendable {
  /// Rooms of one size.
  package struct Rooms: Sendable, Equatable {
    package var count: Int
    package var members: Int
    /// How often one of them is chosen, against a room with 1.
    package var weight: Double
    package var encrypted: Bool
  }

  package struct BodySize: Sendable, Equatable {
    package var bytes: Int
    package var weight: Double
  }

  package enum Transport: String, Sendable, CaseIterable, Decodable { case http, socket }

  package var name: String
  package var users: Int
  package var rooms: [Rooms]
  /// Sockets opened in a second before the load begins.
  package var connectRate: Double
  package var spacing: ArrivalSchedule.Spacing
  package var stages: [ArrivalSchedule.Stage]
  /// So long nothing counts for latencies and rates; it is verified all the same.
  package var warmUp: Duration
  package var mix: [(kind: OperationKind, weight: Double)]
  package var sizes: [BodySize]
  /// How messages are sent.
  package var transport: Transport
  /// HTTP connections at most; what finds none free waits, and its waiting counts.
  package var connections: Int
  /// How long an answer may take.
  package var timeout: Duration
  /// How long a socket that was cut stays away.
  package var away: ClosedRange<Duration>
  /// How long the last deliveries are waited for.
  package var drain: Duration
  package var thresholds: [Threshold]
  package var seed: UInt64
  /// As it was written.
  package var text = ""

  package static let kind = "LoadScenario"
  /// The longest that is read.
  package static let limit = 1 << 20

  /// Always: unless the scenario says something else of the same figure.
  package static let invariants = ["lost == 0", "duplicates == 0", "misordered == 0", "mismatched == 0"]

  /// Throws `YAMLError` with file, line and column.
  package init(_ bytes: [UInt8], file: String) throws(YAMLError) {
    self = try YAMLDecoder().decode(LoadScenarioFile.self, from: bytes, file: file).scenario
    text = String(decoding: bytes, as: UTF8.self)
  }

  init(
    name: String, users: Int, rooms: [Rooms], connectRate: Double, spacing: ArrivalSchedule.Spacing,
    stages: [ArrivalSchedule.Stage], warmUp: Duration, mix: [(kind: OperationKind, weight: Double)],
    sizes: [BodySize], transport: Transport, connections: Int, timeout: Duration, away: ClosedRange<Duration>,
    drain: Duration, thresholds: [Threshold], seed: UInt64
  ) {
    self.name = name
    self.users = users
    self.rooms = rooms
    self.connectRate = connectRate
    self.spacing = spacing
    self.stages = stages
    self.warmUp = warmUp
    self.mix = mix
    self.sizes = sizes
    self.transport = transport
    self.connections = connections
    self.timeout = timeout
    self.away = away
    self.drain = drain
    self.thresholds = thresholds
    self.seed = seed
  }

  package var schedule: ArrivalSchedule { ArrivalSchedule(stages, spacing: spacing, seed: seed) }

  package var roomCount: Int { rooms.reduce(0) { $0 + $1.count } }

  /// The members of every room, by their places among the users: everybody is in as many rooms as everybody else, or one
  /// less.
  package func memberships() -> [(rooms: Rooms, members: [Int])] {
    var next = 0
    var all: [(rooms: Rooms, members: [Int])] = []
    for kind in rooms {
      for _ in 0..<kind.count {
        all.append((kind, (0..<kind.members).map { (next + $0) % users }))
        next = (next + kind.members) % users
      }
    }
    return all
  }
}
