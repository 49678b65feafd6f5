import Glibc

/// When operations are due: an open model, in which they arrive whether the earlier ones are answered or not.
///
/// The rate is a polygon: each stage goes from one rate to another in a straight line. The n-th arrival is where the area
/// beneath it has reached n; with Poisson arrivals the steps between are exponential with mean 1, as independent people come.
package struct ArrivalSchedule: Sendable {
  package enum Spacing: String, Sendable, CaseIterable, Decodable {
    /// Evenly.
    case uniform
    /// As people come who know nothing of each other.
    case poisson
  }

  package struct Stage: Sendable, Equatable {
    /// Operations in a second at its beginning and its end.
    package var from: Double
    package var to: Double
    package var seconds: Double

    package init(from: Double, to: Double, seconds: Double) {
      self.from = from
      self.to = to
      self.seconds = seconds
    }

    /// Arrivals in it.
    var area: Double { (from + to) / 2 * seconds }

    /// The second at which the area has reached `area`.
    func second(at area: Double) -> Double {
      let slope = (to - from) / seconds
      let root = max(0, from * from + 2 * slope * area).squareRoot()
      return from + root > 0 ? min(seconds, 2 * area / (from + root)) : seconds
    }
  }

  package let stages: [Stage]
  private let spacing: Spacing
  private var random: SeededRandom
  private var stage = 0
  private var start = 0.0
  private var position = 0.0

  /// - Parameter seed: the same seed gives the same times.
  package init(_ stages: [Stage], spacing: Spacing, seed: UInt64) {
    self.stages = stages
    self.spacing = spacing
    random = SeededRandom(seed: seed)
  }

  /// Nanoseconds.
  package var duration: UInt64 { UInt64(stages.reduce(0) { $0 + $1.seconds } * 1e9) }

  /// The next arrival in nanoseconds from the beginning; nil when there are no more.
  package mutating func next() -> UInt64? {
    var target = position + (spacing == .uniform ? 1 : -log(1 - random.fraction()))
    while stage < stages.count, target > stages[stage].area {
      target -= stages[stage].area
      start += stages[stage].seconds
      stage += 1
    }
    guard stage < stages.count else { return nil }
    position = target
    return UInt64((start + stages[stage].second(at: target)) * 1e9)
  }

  /// What is intended at a time (ns from the beginning), in operations a second.
  package func rate(at time: UInt64) -> Double {
    var rest = Double(time) / 1e9
    for stage in stages {
      if rest < stage.seconds { return stage.from + (stage.to - stage.from) * rest / stage.seconds }
      rest -= stage.seconds
    }
    return 0
  }
}
