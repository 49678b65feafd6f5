package import Primitives

/// What a run has shown.
package struct LoadReport: Sendable {
  /// What was run, where and when.
  package struct Origin: Sendable {
    package var scenario: String
    /// The file as it was.
    package var text: String
    package var run: String
    package var url: String
    package var host: String
    package var version: String
    package var startedAt: Timestamp
    package var isInterrupted: Bool

    package init(
      scenario: String, text: String, run: String, url: String, host: String, version: String, startedAt: Timestamp,
      isInterrupted: Bool
    ) {
      self.scenario = scenario
      self.text = text
      self.run = run
      self.url = url
      self.host = host
      self.version = version
      self.startedAt = startedAt
      self.isInterrupted = isInterrupted
    }
  }

  package struct Verdict: Sendable {
    package let threshold: Threshold
    /// Nil where it was not measured.
    package let value: Double?
    package var holds: Bool { threshold.holds(value) }
  }

  /// A receiver's delays, in seconds.
  package struct Receiver: Sendable {
    package let name: String
    package let count: Int
    package let p50: Double
    package let p99: Double
    package let max: Double
  }

  /// Durations of one kind: up to how many seconds, and how many.
  package struct Distribution: Sendable {
    package let name: String
    package let buckets: [(edge: Double, count: Int)]
  }

  package let origin: Origin
  package let users: Int
  package let rooms: Int
  /// Seconds that count.
  package let seconds: Double
  /// By the names of `MetricName`: seconds, numbers, shares of 1. What was not measured is missing.
  package let metrics: [String: Double]
  package let verdicts: [Verdict]
  package let faults: Verifier.Faults
  package let answered: Int
  /// How often what went wrong, the most frequent first.
  package let errors: [(what: String, count: Int)]
  package let findings: [String]
  /// The receivers with the longest delays.
  package let slowest: [Receiver]
  package let distributions: [Distribution]
  package let timeline: Timeline
  /// Why the generator's figures mean nothing; nil where they do.
  package let bottleneck: String?

  /// Whether every threshold holds.
  package var isGood: Bool { verdicts.allSatisfy(\.holds) }

  package init(_ run: LoadRun, _ origin: Origin) {
    let figures = Figures(run)
    self.origin = origin
    users = run.users.count
    rooms = run.population.rooms.count
    seconds = run.measuredSeconds
    metrics = figures.values
    verdicts = run.scenario.thresholds.map { Verdict(threshold: $0, value: figures.values[$0.metric]) }
    faults = run.verifier.faults
    answered = run.verifier.answered
    errors = run.recorder.errors.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    findings = run.verifier.findings
    slowest = figures.receivers.sorted { $0.p99 > $1.p99 }.prefix(10).map { $0 }
    distributions = figures.distributions
    timeline = run.recorder.timeline
    bottleneck = GeneratorHealth.bottleneck(
      lateness: figures.values["generator.lateness.p99"] ?? 0, cpu: figures.values["generator.cpu"] ?? 0)
  }
}
