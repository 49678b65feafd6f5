/// Whether the generator kept up with the scenario. Where it did not, what it has measured is itself.
package enum GeneratorHealth {
  /// Seconds that one operation of a hundred may begin late.
  package static let lateness = 0.01
  /// Of the one core that its loop can use.
  package static let cpu = 0.9

  /// Why its figures mean nothing; nil where they do.
  package static func bottleneck(lateness: Double, cpu: Double) -> String? {
    var reasons: [String] = []
    if lateness > Self.lateness {
      reasons.append("one operation of a hundred began \(Figures.text(lateness, .duration)) late or more")
    }
    if cpu > Self.cpu { reasons.append("it used \(Figures.text(cpu, .ratio)) of its core") }
    guard !reasons.isEmpty else { return nil }
    return reasons.joined(separator: ", and ")
  }
}
