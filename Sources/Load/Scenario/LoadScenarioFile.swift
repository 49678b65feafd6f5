import Primitives
import YAML

/// The file's form. Each `init(from:)` refuses what cannot be run, at the key that is to blame.
struct LoadScenarioFile: Decodable {
  let scenario: LoadScenario

  private enum Key: String, CodingKey { case apiVersion, kind, metadata, spec }
  private struct Metadata: Decodable {
    let name: String
    /// For those who look for files.
    let labels: [String: String]?
  }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: Key.self)
    for (key, expected) in [(Key.apiVersion, "chatd/v1"), (.kind, LoadScenario.kind)] {
      let found = try file.decode(String.self, forKey: key)
      try file.require(found == expected, key, "expected '\(key.rawValue): \(expected)', found '\(found)'")
    }
    let name = try file.decode(Metadata.self, forKey: .metadata).name
    scenario = try file.decode(Spec.self, forKey: .spec).scenario(name)
  }

  private struct Spec: Decodable {
    private enum Key: String, CodingKey {
      case users, rooms, connectRate, arrivals, stages, warmUp, mix, sizes, send, away, drain, thresholds, seed
    }

    let users: Int
    let rooms: [LoadScenario.Rooms]
    let connectRate: Double
    let spacing: ArrivalSchedule.Spacing
    let stages: [ArrivalSchedule.Stage]
    let warmUp: Duration
    let mix: [(kind: OperationKind, weight: Double)]
    let sizes: [LoadScenario.BodySize]
    let send: Send
    let away: Away
    let drain: Duration
    let thresholds: [Threshold]
    let seed: UInt64

    init(from decoder: any Decoder) throws {
      let spec = try decoder.container(keyedBy: Key.self)
      users = try spec.number(.users, in: 2...1_000_000)
      rooms = try spec.decode([Rooms].self, forKey: .rooms).map(\.rooms)
      try spec.require(!rooms.isEmpty, .rooms, "there is no room")
      let largest = rooms.map(\.members).max() ?? 0
      try spec.require(largest <= users, .rooms, "a room of \(largest) needs more than \(users) users")
      try spec.require(rooms.reduce(0) { $0 + $1.count } <= 1_000_000, .rooms, "there are more than 1,000,000 rooms")
      connectRate = try spec.decodeIfPresent(Double.self, forKey: .connectRate) ?? 200
      try spec.require(connectRate > 0 && connectRate <= 100_000, .connectRate, "expected a number up to 100000")
      spacing = try spec.decodeIfPresent(ArrivalSchedule.Spacing.self, forKey: .arrivals) ?? .poisson
      stages = try Self.connected(try spec.decode([Stage].self, forKey: .stages))
      let seconds = stages.reduce(0) { $0 + $1.seconds }
      try spec.require(seconds > 0 && seconds <= 7 * 86_400, .stages, "all stages together last up to a week")
      try spec.require(stages.contains { $0.area >= 1 }, .stages, "nothing happens at these rates")
      warmUp = try spec.decodeIfPresent(Duration.self, forKey: .warmUp) ?? .zero
      try spec.require(warmUp.inSeconds < seconds, .warmUp, "the warm-up is as long as the run")
      mix = try spec.decodeIfPresent(Mix.self, forKey: .mix)?.weights ?? [(.send, 1)]
      sizes = try spec.decodeIfPresent([Size].self, forKey: .sizes)?.map(\.size) ?? [.init(bytes: 60, weight: 1)]
      try spec.require(sizes.contains { $0.weight > 0 }, .sizes, "no size has a weight above 0")
      send = try spec.decodeIfPresent(Send.self, forKey: .send) ?? Send()
      away = try spec.decodeIfPresent(Away.self, forKey: .away) ?? Away(range: .milliseconds(500) ... .seconds(3))
      drain = try spec.decodeIfPresent(Duration.self, forKey: .drain) ?? .seconds(30)
      let own = try spec.decodeIfPresent([ReadThreshold].self, forKey: .thresholds)?.map(\.threshold) ?? []
      let given = Set(own.map(\.metric))
      thresholds = own + LoadScenario.invariants.compactMap { try? Threshold($0) }.filter { !given.contains($0.metric) }
      seed = try spec.decodeIfPresent(UInt64.self, forKey: .seed) ?? 1
    }

    /// A stage goes on from where the one before it has ended, unless it says where it begins.
    private static func connected(_ stages: [Stage]) throws -> [ArrivalSchedule.Stage] {
      var last = 0.0
      return stages.map { stage in
        defer { last = stage.to }
        return ArrivalSchedule.Stage(from: stage.from ?? last, to: stage.to, seconds: stage.duration.inSeconds)
      }
    }

    func scenario(_ name: String) -> LoadScenario {
      LoadScenario(
        name: name, users: users, rooms: rooms, connectRate: connectRate, spacing: spacing, stages: stages,
        warmUp: warmUp, mix: mix, sizes: sizes, transport: send.via, connections: send.connections,
        timeout: send.timeout, away: away.range, drain: drain, thresholds: thresholds, seed: seed)
    }
  }

  private struct Rooms: Decodable {
    let rooms: LoadScenario.Rooms
    private enum Key: String, CodingKey { case count, members, weight, encrypted }

    init(from decoder: any Decoder) throws {
      let room = try decoder.container(keyedBy: Key.self)
      rooms = LoadScenario.Rooms(
        count: try room.number(.count, in: 1...1_000_000), members: try room.number(.members, in: 2...100_000),
        weight: try room.weight(.weight), encrypted: try room.decodeIfPresent(Bool.self, forKey: .encrypted) ?? false)
    }
  }

  /// `{for: 5m, rate: 1000}`, or `{for: 30s, from: 0, to: 1000}`.
  private struct Stage: Decodable {
    let duration: Duration
    let from: Double?
    let to: Double
    private enum Key: String, CodingKey { case duration = "for", rate, from, to }

    init(from decoder: any Decoder) throws {
      let stage = try decoder.container(keyedBy: Key.self)
      duration = try stage.decode(Duration.self, forKey: .duration)
      try stage.require(duration > .zero, .duration, "a stage lasts for more than nothing")
      let rate = try stage.decodeIfPresent(Double.self, forKey: .rate)
      let from = try stage.decodeIfPresent(Double.self, forKey: .from)
      let to = try stage.decodeIfPresent(Double.self, forKey: .to)
      try stage.require(
        rate == nil || (from == nil && to == nil), .rate, "a stage has a rate, or goes from one to another")
      self.from = rate ?? from
      guard let end = rate ?? to else {
        throw DecodingError.keyNotFound(
          Key.rate, .init(codingPath: decoder.codingPath, debugDescription: "neither rate nor to"))
      }
      self.to = end
      for (key, value) in [(Key.rate, rate), (.from, from), (.to, to)] {
        try stage.require((0...1_000_000).contains(value ?? 0), key, "expected a rate from 0 to 1000000 a second")
      }
    }
  }

  private struct Mix: Decodable {
    var weights: [(kind: OperationKind, weight: Double)] = []
    private struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let mix = try decoder.container(keyedBy: Key.self)
      for kind in OperationKind.allCases {
        let key = Key(stringValue: kind.rawValue)
        guard let weight = try mix.decodeIfPresent(Double.self, forKey: key) else { continue }
        try mix.require(weight >= 0, key, "a weight is 0 or more")
        weights.append((kind, weight))
      }
      // A key that there is not is told by whoever reads the file, once this has returned.
      let isMistaken = mix.allKeys.contains { OperationKind(rawValue: $0.stringValue) == nil }
      guard isMistaken || weights.contains(where: { $0.weight > 0 }) else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "nothing is done: no weight is above 0"))
      }
    }
  }

  private struct Size: Decodable {
    let size: LoadScenario.BodySize
    private enum Key: String, CodingKey { case bytes, weight }

    init(from decoder: any Decoder) throws {
      let size = try decoder.container(keyedBy: Key.self)
      let bytes = try size.decode(ByteCount.self, forKey: .bytes).bytes
      try size.require((1...16_384).contains(bytes), .bytes, "a body has 1 byte to 16 KiB")
      self.size = LoadScenario.BodySize(bytes: bytes, weight: try size.weight(.weight))
    }
  }

  struct Send: Decodable {
    var via = LoadScenario.Transport.http
    var connections = 64
    var timeout = Duration.seconds(30)
    private enum Key: String, CodingKey { case via, connections, timeout }

    init() {}

    init(from decoder: any Decoder) throws {
      let send = try decoder.container(keyedBy: Key.self)
      via = try send.decodeIfPresent(LoadScenario.Transport.self, forKey: .via) ?? via
      if send.contains(.connections) { connections = try send.number(.connections, in: 1...20_000) }
      timeout = try send.decodeIfPresent(Duration.self, forKey: .timeout) ?? timeout
    }
  }

  /// `{from: 500ms, to: 3s}`
  struct Away: Decodable {
    let range: ClosedRange<Duration>
    private enum Key: String, CodingKey { case from, to }

    init(range: ClosedRange<Duration>) { self.range = range }

    init(from decoder: any Decoder) throws {
      let away = try decoder.container(keyedBy: Key.self)
      let from = try away.decode(Duration.self, forKey: .from)
      let to = try away.decode(Duration.self, forKey: .to)
      try away.require(from <= to, .to, "the longest is shorter than the shortest")
      range = from...to
    }
  }

  private struct ReadThreshold: Decodable {
    let threshold: Threshold

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      do throws(Threshold.Problem) {
        threshold = try Threshold(try Self.text(container))
      } catch {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
      }
    }

    private static func text(_ container: any SingleValueDecodingContainer) throws(Threshold.Problem) -> String {
      do { return try container.decode(String.self) } catch {
        throw Threshold.Problem(description: "expected a threshold such as 'delivery.p99 < 100ms'")
      }
    }
  }
}

extension KeyedDecodingContainer {
  /// Refuses what is decoded at `key` with a reason.
  fileprivate func require(_ isRight: Bool, _ key: Key, _ reason: @autoclosure () -> String) throws {
    guard !isRight else { return }
    throw DecodingError.dataCorrupted(.init(codingPath: codingPath + [key], debugDescription: reason()))
  }

  fileprivate func number(_ key: Key, in range: ClosedRange<Int>) throws -> Int {
    let number = try decode(Int.self, forKey: key)
    try require(
      range.contains(number), key, "expected a number from \(range.lowerBound) to \(range.upperBound), found \(number)")
    return number
  }

  fileprivate func weight(_ key: Key) throws -> Double {
    let weight = try decodeIfPresent(Double.self, forKey: key) ?? 1
    try require(weight >= 0, key, "a weight is 0 or more")
    return weight
  }
}
