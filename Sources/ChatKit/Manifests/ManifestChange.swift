/// What a change may cost.
package enum ManifestRisk: String, Sendable, CaseIterable, Comparable {
  case safe
  /// It changes how people or processes fare: somebody is let in or shut out, keys move.
  case caution
  /// Something is gone afterwards.
  case destructive
  /// It cannot be done.
  case impossible

  package static func < (a: ManifestRisk, b: ManifestRisk) -> Bool {
    (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
  }
}

/// One field that is not as it should be.
package struct ManifestDifference: Sendable, Equatable {
  /// Below `spec`: `members.ann.role`.
  package let field: String
  /// Nil for what is not there.
  package let from: ManifestValue?
  /// Nil for what is to go.
  package let to: ManifestValue?
  package var risk: ManifestRisk
  /// What there is to know of it, in a few words; nil where it is as it looks.
  package var note: String?

  package init(
    _ field: String, from: ManifestValue?, to: ManifestValue?, _ risk: ManifestRisk = .safe, _ note: String? = nil
  ) {
    self.field = field
    self.from = from
    self.to = to
    self.risk = risk
    self.note = note
  }
}

/// A step from what there is to what the manifests say: one of a thing's creation, change or removal.
package struct ManifestChange: Sendable, Equatable {
  package enum Action: String, Sendable {
    case create, update, delete
  }

  package let id: ManifestID
  package let action: Action
  package var differences: [ManifestDifference]

  package init(_ id: ManifestID, _ action: Action, _ differences: [ManifestDifference]) {
    self.id = id
    self.action = action
    self.differences = differences
  }

  /// That of the gravest of its differences.
  package var risk: ManifestRisk { differences.map(\.risk).max() ?? .safe }
}

/// What differs between two states, field by field: only what `desired` names is compared.
package enum ManifestDiff {
  /// - Parameter field: begins the fields' names.
  package static func differences(
    _ desired: ManifestValue, _ actual: ManifestValue, below field: String = ""
  ) -> [ManifestDifference] {
    var found: [ManifestDifference] = []
    for part in desired.fields ?? [] {
      let name = field.isEmpty ? part.name : "\(field).\(part.name)"
      let now = actual[part.name]
      if part.value.fields != nil, let now, now.fields != nil {
        found += differences(part.value, now, below: name)
      } else if part.value != now, !(part.value == .null && now == nil) {
        found.append(ManifestDifference(name, from: now, to: part.value))
      }
    }
    return found
  }

  /// What a creation sets, a line a field.
  package static func creation(_ desired: ManifestValue) -> [ManifestDifference] {
    (desired.fields ?? []).filter { $0.value != .null }.map { ManifestDifference($0.name, from: nil, to: $0.value) }
  }
}
