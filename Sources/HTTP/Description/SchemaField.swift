/// A field of an object.
package struct SchemaField: Sendable {
  let name: String
  let schema: Schema
  let isRequired: Bool

  /// Always there.
  package static func required(_ name: String, _ schema: Schema, _ text: String? = nil) -> SchemaField {
    SchemaField(name, schema, isRequired: true, text)
  }

  /// There, or absent: as answers have it.
  package static func optional(_ name: String, _ schema: Schema, _ text: String? = nil) -> SchemaField {
    SchemaField(name, schema, isRequired: false, text)
  }

  /// There, or absent, or null, which means the same: as requests may have it.
  package static func omittable(_ name: String, _ schema: Schema, _ text: String? = nil) -> SchemaField {
    SchemaField(name, schema.orNull, isRequired: false, text)
  }

  private init(_ name: String, _ schema: Schema, isRequired: Bool, _ text: String?) {
    self.name = name
    self.schema = text.map { schema.description($0) } ?? schema
    self.isRequired = isRequired
  }
}
