// Health: what is wrong with an installation, and what to do about it.
//
// Pattern. A check looks at one thing and returns a `HealthFinding`: how it is, in a line, with numbers for monitors and, where it is
// not well, what to do. `chatctl check` shows them as monitoring plugins do, `chatctl doctor` with the remedies, `chatctl wait` waits
// for some of them. A check never throws: what cannot be asked is a finding too.
//
// Invariants. A finding that is not OK has a fix, unless its check could not look. Names are stable: monitors know them.

/// How it is about one thing.
package struct HealthFinding: Sendable, Equatable {
  /// As monitoring plugins have them; the raw values are their exit codes.
  package enum Status: Int, Sendable, CaseIterable {
    case ok = 0
    case warning = 1
    case critical = 2
    case unknown = 3

    package var name: String {
      switch self {
      case .ok: "OK"
      case .warning: "WARNING"
      case .critical: "CRITICAL"
      case .unknown: "UNKNOWN"
      }
    }

    /// The worse of both: what is known to be bad is worse than what is not known.
    package func worse(_ other: Status) -> Status { other.weight > weight ? other : self }

    private var weight: Int {
      switch self {
      case .ok: 0
      case .unknown: 1
      case .warning: 2
      case .critical: 3
      }
    }
  }

  /// A number, as perfdata have it.
  package struct Metric: Sendable, Equatable {
    package var name: String
    package var value: Double
    /// `s`, `B`, `c` for what only rises, or nothing.
    package var unit: String
    package var warning: Double?
    package var critical: Double?

    package init(_ name: String, _ value: Double, unit: String = "", warning: Double? = nil, critical: Double? = nil) {
      self.name = name
      self.value = value
      self.unit = unit
      self.warning = warning
      self.critical = critical
    }

    /// By its own thresholds.
    package var status: Status {
      if let critical, value >= critical { return .critical }
      if let warning, value >= warning { return .warning }
      return .ok
    }
  }

  /// Of the check: `redis`.
  package var name: String
  package var status: Status
  /// A clause without a full stop.
  package var summary: String
  /// What to do; nil where nothing is to be done.
  package var fix: String?
  package var metrics: [Metric]

  package init(
    _ name: String, _ status: Status, _ summary: String, fix: String? = nil, metrics: [Metric] = []
  ) {
    self.name = name
    self.status = status
    self.summary = summary
    self.fix = status == .ok ? nil : fix
    self.metrics = metrics
  }

  /// As bad as the worst of its numbers.
  package init(_ name: String, _ summary: String, fix: String, metrics: [Metric]) {
    let status = metrics.reduce(Status.ok) { $0.worse($1.status) }
    self.init(name, status, summary, fix: fix, metrics: metrics)
  }

  /// What a check says that could not look.
  package static func away(_ name: String, _ what: String, _ error: any Error, fix: String) -> HealthFinding {
    HealthFinding(name, .critical, "\(what) cannot be asked: \(error)", fix: fix)
  }
}
