package import Commands
package import Primitives

/// A kind of manifest. Its fields are declared once, and its plan is pure; reading and changing what there is go through
/// `ManifestBackends`.
package protocol ManifestKind: SendableMetatype {
  /// `Room`
  static var name: String { get }
  /// One line.
  static var summary: String { get }
  /// Within a workspace, which `spec.workspace` names.
  static var isScoped: Bool { get }
  /// What a name of it may be.
  static var nameType: ValueType<String> { get }

  static func declare(_ spec: inout ManifestReader)

  /// Its fields, the workspace included: what `explain` shows.
  static var fields: [ManifestField] { get }

  /// What is wrong with a spec whose fields are each right.
  static func check(_ spec: ManifestValue) -> [String]

  /// Manifests of the kind that cannot be together, with the reason.
  static func conflicts(_ manifests: [Manifest]) -> [(manifest: Manifest, problem: String)]

  /// Why nothing is applied of it: other commands read it. Nil for a kind that has an effect.
  static var note: String? { get }

  /// Whether its spec is read by who uses it, and not here: the program has a `ManifestDocument` of it.
  static var isOpaque: Bool { get }

  /// The states of those that are there, in the form of `declare`. What a manifest has a say of is read with it: a secret's file
  /// is the same when its contents are.
  static func states(of manifests: [Manifest], _ backends: ManifestBackends) async throws -> [ManifestID: ManifestValue]

  /// What of a state counts for whether it has moved since a plan was made. Pure.
  static func identity(_ state: ManifestValue) -> ManifestValue

  /// What has to be done, nil for nothing. Pure.
  /// - Parameter actual: nil for what is not there.
  static func plan(_ desired: Manifest, _ actual: ManifestValue?, now: Timestamp) -> ManifestChange?

  /// A difference with its risk, and what there is to know of it. Pure.
  static func judged(_ difference: ManifestDifference) -> ManifestDifference

  /// What is to be known of it where nothing is done; nil for nothing. Pure.
  static func remark(_ desired: Manifest, _ actual: ManifestValue?) -> String?

  /// What removing it means. Pure.
  static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange

  /// Adds what only a backend knows: numbers, or that it would refuse.
  static func examine(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws
    -> ManifestChange

  /// Carries a creation or an update out. It can be repeated.
  static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws

  static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws

  /// All that there is, as manifests that make it so, page by page.
  static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws
}

/// What is exported.
package struct ManifestScope: Sendable {
  /// Nil for all.
  package var workspace: String?
  /// Rooms with more members are exported without them.
  package var members: Int

  package init(workspace: String? = nil, members: Int = 1000) {
    self.workspace = workspace
    self.members = members
  }
}

extension ManifestKind {
  package static var isScoped: Bool { false }
  package static var nameType: ValueType<String> { .resourceName }
  package static var note: String? { nil }
  package static var isOpaque: Bool { false }
  package static func check(_ spec: ManifestValue) -> [String] { [] }

  package static func conflicts(_ manifests: [Manifest]) -> [(manifest: Manifest, problem: String)] { [] }
  package static func identity(_ state: ManifestValue) -> ManifestValue { state }

  package static var fields: [ManifestField] {
    ManifestReader.declarations { reader in
      if isScoped { ManifestSource.declareWorkspace(&reader) }
      declare(&reader)
    }
  }

  package static func plan(_ desired: Manifest, _ actual: ManifestValue?, now: Timestamp) -> ManifestChange? {
    guard let actual else { return ManifestChange(desired.id, .create, ManifestDiff.creation(desired.spec)) }
    let differences = ManifestDiff.differences(desired.spec, actual).map { judged($0) }
    return differences.isEmpty ? nil : ManifestChange(desired.id, .update, differences)
  }

  package static func remark(_ desired: Manifest, _ actual: ManifestValue?) -> String? { nil }

  /// The risk of a difference.
  package static func judged(_ difference: ManifestDifference) -> ManifestDifference { difference }

  package static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange {
    ManifestChange(id, .delete, [ManifestDifference("", from: actual, to: nil, .destructive)])
  }

  package static func examine(
    _ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends
  ) async throws -> ManifestChange { change }
}

/// All kinds, in the order in which they are applied.
package enum ManifestKinds {
  package static let all: [any ManifestKind.Type] = [
    ServerKind.self, WorkspaceKind.self, TopicKind.self, KeyPolicyKind.self, UserKind.self, RoomKind.self,
    RateLimitKind.self,
    WebhookKind.self, RetentionPolicyKind.self, LoadScenarioKind.self, CheckKind.self,
  ]

  package static func named(_ name: String) -> (any ManifestKind.Type)? { all.first { $0.name == name } }
}

/// A kind of documents that other commands read: they are validated, and nothing is applied of them.
package protocol DocumentKind: ManifestKind {}

extension DocumentKind {
  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    Dictionary(uniqueKeysWithValues: manifests.map { ($0.id, $0.spec) })
  }

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {}
  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {}
  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {}
}

extension ValueType where Value == String {
  /// 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
  package static var resourceName: ValueType {
    named("NAME", "a name of 1 to 63 characters out of a-z, 0-9, '.', '_' and '-'", 1...63) {
      (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x2e || $0 == 0x5f
    }
  }

  package static var workspaceName: ValueType {
    named("WORKSPACE", "a workspace's name of 1 to 63 characters out of a-z, 0-9 and '-'", 1...63) {
      (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
    }
  }

  package static var username: ValueType {
    named("USER", "a user's name of 3 to 32 characters out of a-z, A-Z, 0-9, '.', '_' and '-'", 3...32) {
      (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x2e || $0 == 0x5f
    }
  }

  private static func named(
    _ metavariable: String, _ expectation: String, _ length: ClosedRange<Int>,
    _ isAllowed: @escaping @Sendable (UInt8) -> Bool
  ) -> ValueType {
    ValueType(
      metavariable: metavariable, expectation: expectation,
      parse: { length.contains($0.utf8.count) && $0.utf8.allSatisfy(isAllowed) ? $0 : nil })
  }

  /// A text of so many characters.
  package static func text(_ length: ClosedRange<Int>) -> ValueType {
    ValueType(
      metavariable: "TEXT", expectation: "a text of \(length.lowerBound) to \(length.upperBound) characters",
      parse: { length.contains($0.unicodeScalars.count) && !$0.utf8.contains(0) ? $0 : nil })
  }
}
