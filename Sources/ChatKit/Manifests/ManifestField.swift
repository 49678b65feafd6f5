/// A field of a kind, as it was declared: what `explain` shows.
package struct ManifestField: Sendable {
  package let name: String
  /// `text`, `duration`, `list of objects`.
  package let type: String
  package let isRequired: Bool
  /// What goes when nobody says anything, in a few words.
  package let defaultText: String
  /// One or two sentences.
  package let help: String
  /// Those of an object, or of a list's objects.
  package let fields: [ManifestField]

  package init(
    name: String, type: String, isRequired: Bool = false, defaultText: String = "", help: String,
    fields: [ManifestField] = []
  ) {
    self.name = name
    self.type = type
    self.isRequired = isRequired
    self.defaultText = defaultText
    self.help = help
    self.fields = fields
  }

  /// The field at a path below this one: `members.role`.
  package static func find(_ path: some Collection<Substring>, in fields: [ManifestField]) -> ManifestField? {
    guard let first = path.first, let field = fields.first(where: { $0.name == first }) else { return nil }
    return path.count == 1 ? field : find(path.dropFirst(), in: field.fields)
  }
}
