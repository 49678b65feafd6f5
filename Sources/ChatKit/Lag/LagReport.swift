import Primitives

/// How it is about a group in a partition.
package enum LagVerdict: String, Sendable, CaseIterable, Comparable {
  case ok = "OK"
  case warning = "WARN"
  case critical = "CRIT"
  case unknown = "UNKNOWN"

  /// The worst last: what is known to be bad is worse than what is not known.
  private var weight: Int {
    switch self {
    case .ok: 0
    case .unknown: 1
    case .warning: 2
    case .critical: 3
    }
  }

  package static func < (a: LagVerdict, b: LagVerdict) -> Bool { a.weight < b.weight }
}

/// From when on waiting is worth a word.
package struct LagThresholds: Sendable, Equatable {
  package var warning: Duration
  package var critical: Duration

  package init(warning: Duration = .seconds(10), critical: Duration = .seconds(300)) {
    self.warning = warning
    self.critical = critical
  }
}

/// What two samples say.
package struct LagReport: Sendable, Equatable {
  package var sample: LagSample
  /// How long the first record that is still to be done has waited; nil when nothing waits.
  package var age: Duration?
  /// Records a second that are done, and that come; nil of a single sample.
  package var consumed: Double?
  package var produced: Double?
  /// When all will be done, if it goes on like this; nil when never, or when nobody can tell.
  package var drain: Duration?
  package var verdict: LagVerdict
  /// Why: a clause without a full stop.
  package var reason: String

  /// - Parameter before: a sample of the same group and partition, a while ago.
  package init(_ before: LagSample? = nil, _ sample: LagSample, thresholds: LagThresholds = LagThresholds()) {
    self.sample = sample
    // Clocks differ: the bus may be ahead of us.
    age = sample.messages == 0 ? nil : sample.oldest.map { max(.zero, sample.at - $0) }
    verdict = .ok
    reason = ""
    if let before {
      let span = Self.seconds(sample.at - before.at)
      if span > 0 {
        if let first = before.done, let second = sample.done { consumed = Double(max(0, second - first)) / span }
        if let first = before.arrived, let second = sample.arrived { produced = Double(max(0, second - first)) / span }
      }
    }
    drain = Self.drain(sample.messages, consumed, produced)
    (verdict, reason) = judge(before, thresholds)
  }

  private static func drain(_ messages: Int?, _ consumed: Double?, _ produced: Double?) -> Duration? {
    guard let messages else { return nil }
    if messages == 0 { return .zero }
    guard let consumed, let produced, consumed > produced else { return nil }
    return .seconds(Double(messages) / (consumed - produced))
  }

  // MARK: The verdict

  /// The first rule that holds, the worst first.
  private func judge(_ before: LagSample?, _ thresholds: LagThresholds) -> (LagVerdict, String) {
    if let failure = sample.failure { return (.unknown, failure) }
    if sample.lost > 0 {
      return (.critical, "\(Self.records(sample.lost)) deleted before the group had done them")
    }
    if let unassigned { return unassigned }
    if sample.messages == 0 { return (.ok, "nothing waits") }
    if let stuck = stuck(before) { return stuck }
    if let age, age >= thresholds.critical {
      return (
        .critical, "the oldest has waited \(Self.span(age)), \(Self.span(thresholds.critical)) or more is critical"
      )
    }
    if let age, age >= thresholds.warning {
      return (.warning, "the oldest has waited \(Self.span(age))\(pace)")
    }
    if sample.messages == nil { return (.unknown, "the bus cannot say how many wait: records were deleted in between") }
    if let consumed, let produced, produced > consumed, let age, let before, age > sample.at - before.at {
      return (.warning, "more comes than is done\(pace)")
    }
    return (.ok, before == nil ? "\(Self.records(sample.messages ?? 0)) waiting" : "it moves\(pace)")
  }

  /// What to say where nobody reads the partition.
  private var unassigned: (LagVerdict, String)? {
    guard sample.owner == nil else { return nil }
    let waiting = sample.messages.map { $0 > 0 ? ", \(Self.records($0)) waiting" : "" } ?? ""
    switch sample.state {
    case .rebalancing: return (.warning, "the group is dealing its partitions anew\(waiting)")
    case .stable: return (.critical, "the partition is given to no member of the group\(waiting)")
    case .empty where sample.messages == 0: return (.warning, "the group has no members; nothing waits yet")
    case .empty: return (.critical, "the group has no members\(waiting)")
    case .unknown: return (.unknown, "nobody can say who reads the partition\(waiting)")
    }
  }

  /// What waits now has waited at the sample before too, and the group stands where it stood.
  private func stuck(_ before: LagSample?) -> (LagVerdict, String)? {
    guard let before, before.messages != 0, before.position == sample.position, (consumed ?? 0) == 0, let age,
      age >= sample.at - before.at
    else { return nil }
    let place = sample.position.map { " at \($0)" } ?? ""
    return (
      .critical,
      "no progress\(place) within \(Self.span(sample.at - before.at)); the oldest has waited \(Self.span(age))"
    )
  }

  private var pace: String {
    guard let consumed, let produced else { return "" }
    let end = drain.map { ", all is done in \(Self.span($0))" } ?? ""
    return ": \(Self.rate(consumed))/s are done, \(Self.rate(produced))/s come\(end)"
  }

  // MARK: Words

  private static func records(_ count: Int) -> String { count == 1 ? "1 record" : "\(count) records" }

  private static func rate(_ rate: Double) -> String {
    rate >= 10 || rate == 0 ? "\(Int(rate.rounded()))" : "\((rate * 10).rounded() / 10)"
  }

  static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  /// Whole seconds are enough from ten on.
  static func span(_ duration: Duration) -> String {
    let seconds = seconds(duration)
    if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
    return Duration.seconds(Int64(seconds)).text
  }
}
