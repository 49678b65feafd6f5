import Primitives

/// What a figure of a run must be: `delivery.p99 < 100ms`, `send.errorRate <= 0.1%`, `lost == 0`.
package struct Threshold: Sendable, Equatable, CustomStringConvertible {
  package enum Relation: String, Sendable, CaseIterable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="

    func holds(_ value: Double, _ bound: Double) -> Bool {
      switch self {
      case .less: value < bound
      case .lessOrEqual: value <= bound
      case .greater: value > bound
      case .greaterOrEqual: value >= bound
      case .equal: value == bound
      }
    }
  }

  package let metric: String
  package let relation: Relation
  /// Seconds, a number, or a share of 1.
  package let bound: Double
  /// As it was written.
  package let description: String

  /// What is wrong with a text that is no threshold.
  package struct Problem: Error, CustomStringConvertible { package let description: String }

  package init(_ text: String) throws(Problem) {
    let words = text.split(separator: " ")
    guard words.count == 3, let relation = Relation(rawValue: String(words[1])) else {
      throw Problem(description: "'\(text)' is not like 'delivery.p99 < 100ms' (<, <=, >, >=, ==)")
    }
    let name = String(words[0])
    guard let found = MetricName.find(name) else {
      let near = MetricName.suggestion(for: name).map { "; did you mean '\($0)'?" } ?? ""
      throw Problem(description: "there is no metric '\(name)'\(near)")
    }
    guard let bound = Self.bound(words[2], found.kind) else {
      let expected =
        switch found.kind {
        case .duration: "a duration such as 100ms"
        case .count: "a number"
        case .rate: "a number, or one like 990/s"
        case .ratio: "a share such as 0.1%"
        }
      throw Problem(description: "\(name) is compared with \(expected), not '\(words[2])'")
    }
    metric = name
    self.relation = relation
    self.bound = bound
    description = text
  }

  private static func bound(_ text: Substring, _ kind: MetricName.Kind) -> Double? {
    switch kind {
    case .duration: return Duration(text: text).map(\.inSeconds)
    case .count: return Double(text)
    case .rate: return Double(text.hasSuffix("/s") ? text.dropLast(2) : text)
    case .ratio: return text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
    }
  }

  /// Whether a run's figure is as it must be; what was not measured is not.
  package func holds(_ value: Double?) -> Bool { value.map { relation.holds($0, bound) } ?? false }
}

extension Duration {
  /// Seconds with a fraction.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
