package import YAML

/// A kind that this module knows by name, and another one reads: `LoadScenario` is of module Load, which builds on this one. The
/// program that has both gives it to who reads manifests, and to `explain`.
package struct ManifestDocument: Sendable {
  package let kind: String
  /// Below `spec`.
  package let fields: [ManifestField]
  /// All that is wrong with a document of the kind.
  package let problems: @Sendable (YAMLNode) -> [YAMLError]

  package init(
    _ kind: String, fields: [ManifestField], problems: @escaping @Sendable (YAMLNode) -> [YAMLError]
  ) {
    self.kind = kind
    self.fields = fields
    self.problems = problems
  }
}
