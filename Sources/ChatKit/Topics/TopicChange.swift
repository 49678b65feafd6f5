/// A step from what a topic is to what it should be.
package struct TopicChange: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case create
    case partitions(from: Int, to: Int)
    case replication(from: Int, to: Int)
    /// A setting. Nil stands for what is inherited.
    case config(name: String, from: String?, to: String?)
    case delete
  }

  /// What it may cost.
  package enum Risk: String, Sendable, CaseIterable, Comparable {
    case safe
    /// It changes how those who run behave: order, refusals.
    case disruptive
    /// Data goes.
    case destructive
    /// Nobody can do it.
    case impossible

    package static func < (a: Risk, b: Risk) -> Bool {
      (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
  }

  package var topic: String
  package var kind: Kind
  package var risk: Risk
  /// What the bus does without a word; nil for what is as it looks.
  package var warning: String?

  package init(_ topic: String, _ kind: Kind, _ risk: Risk = .safe, _ warning: String? = nil) {
    self.topic = topic
    self.kind = kind
    self.risk = risk
    self.warning = warning
  }

  /// What is changed: `partitions`, or a setting's name.
  package var what: String {
    switch kind {
    case .create, .delete: "topic"
    case .partitions: "partitions"
    case .replication: "replication"
    case .config(let name, _, _): name
    }
  }

  package var from: String? {
    switch kind {
    case .create: nil
    case .delete: "there"
    case .partitions(let from, _), .replication(let from, _): "\(from)"
    case .config(_, let from, _): from
    }
  }

  package var to: String? {
    switch kind {
    case .create: "there"
    case .delete: nil
    case .partitions(_, let to), .replication(_, let to): "\(to)"
    case .config(_, _, let to): to
    }
  }
}
