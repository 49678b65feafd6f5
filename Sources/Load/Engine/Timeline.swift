/// What happened in each second of a run.
package struct Timeline: Sendable, Equatable {
  package struct Point: Sendable, Equatable {
    /// Seconds since the beginning, at the end of the interval.
    package var time = 0.0
    /// Operations in a second: those that were due by the scenario, and those that were answered.
    package var intended = 0.0
    package var answered = 0.0
    package var sends = 0.0
    package var deliveries = 0.0
    package var errors = 0.0
    /// Seconds.
    package var sendP50 = 0.0
    package var sendP99 = 0.0
    package var deliveryP50 = 0.0
    package var deliveryP99 = 0.0
    package var deliveryMax = 0.0
    package var lateness = 0.0
    /// Of one core.
    package var cpu = 0.0
    package var sockets = 0.0
    /// Deliveries that are due and have not come.
    package var outstanding = 0.0
  }

  /// In the order of a report.
  package static let columns: [(name: String, path: any WritableKeyPath<Point, Double> & Sendable)] = [
    ("time", \.time), ("intended", \.intended), ("answered", \.answered), ("sends", \.sends),
    ("deliveries", \.deliveries), ("errors", \.errors), ("sendP50", \.sendP50), ("sendP99", \.sendP99),
    ("deliveryP50", \.deliveryP50), ("deliveryP99", \.deliveryP99), ("deliveryMax", \.deliveryMax),
    ("lateness", \.lateness), ("cpu", \.cpu), ("sockets", \.sockets), ("outstanding", \.outstanding),
  ]

  package var points: [Point] = []

  package init() {}
}
