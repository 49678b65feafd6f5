// Manifests: an installation's state, written down in YAML and brought about.
//
// Pattern. A manifest is `apiVersion: chatd/v1`, `kind`, `metadata {name, labels}` and `spec`. Each kind (`ManifestKind`, one
// file in Kinds/) declares its fields once: decoding, validation, `explain` and `export` follow from that declaration. What is
// decoded is a plain value (`ManifestValue`), and so is what the kind reads of the actual state, in the same form; the plan is
// what differs between the two, and is pure:
//
//     files -> ManifestSource -> [Manifest] -> plan(desired, actual) -> [ManifestChange] -> apply
//
// `Manifests` goes over all kinds in their order: workspaces before users, users before rooms; what is removed, the other way.
//
// Invariants.
// - What a manifest does not say stays as it is: only named fields are compared and changed. Applying twice changes nothing.
// - A kind that has no effect here says so (`ManifestKind.note`); one that cannot have the effect that was asked for makes a
//   change of risk `impossible`, and nothing of such a plan is carried out.
// - Nothing is removed but with `--prune`, and then only what is recorded as the owner's (`ManifestOwners`).
// - A plan that was saved bears a hash of the state that it was made of, and is refused when that has moved.
// - No secret is in a manifest or in a plan: `passwordFile`, `secretFile` name files.

package import YAML

/// What a manifest is about: `Room main/general`, `Topic chat.events`.
package struct ManifestID: Hashable, Sendable, CustomStringConvertible {
  package let kind: String
  /// Of what is within one.
  package let workspace: String?
  package let name: String

  package init(_ kind: String, _ name: String, workspace: String? = nil) {
    self.kind = kind
    self.workspace = workspace
    self.name = name
  }

  /// The name with its workspace: `main/general`.
  package var path: String { workspace.map { "\($0)/\(name)" } ?? name }

  package var description: String { "\(kind) \(path)" }
}

/// A document, decoded.
package struct Manifest: Sendable {
  package let id: ManifestID
  package let labels: [(name: String, value: String)]
  /// The fields of `spec` that were given, and defaults where the kind has them.
  package let spec: ManifestValue
  /// Where it stands.
  package let file: String
  package let mark: YAMLMark

  package init(
    _ id: ManifestID, spec: ManifestValue, labels: [(name: String, value: String)] = [], file: String = "",
    mark: YAMLMark = YAMLMark(line: 1, column: 1)
  ) {
    self.id = id
    self.spec = spec
    self.labels = labels
    self.file = file
    self.mark = mark
  }

  /// As a document.
  package func write(to yaml: inout YAMLWriter) {
    yaml.beginMapping()
    yaml.field("apiVersion", ServerFile.apiVersion)
    yaml.field("kind", id.kind)
    yaml.key("metadata")
    yaml.beginMapping()
    yaml.field("name", id.name)
    yaml.end()
    yaml.key("spec")
    let fields = id.workspace.map { [ManifestValue.Field("workspace", .string($0))] } ?? []
    ManifestValue.object(fields + (spec.fields ?? [])).write(to: &yaml)
    yaml.end()
  }

  /// `users.yaml:12:1`
  package var place: String { "\(file):\(mark)" }
}
