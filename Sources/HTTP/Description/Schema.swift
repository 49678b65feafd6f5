// Description: what an API says about itself, as OpenAPI 3.1.
//
// Pattern. A route is registered together with an `Operation`: what it is for, what it takes and what it may answer.
// `OpenAPIDocument` makes one JSON text of a router's routes; there is no other list that could say something else. A
// `Schema` is a value, written once by hand beside what it describes. Nothing is found out by reflection, and nothing of
// all this is looked at when a request is answered, but for `Operation.costClass`, which middleware reads once a route.
//
// Concurrency. All are values, Sendable.
//
// Invariants.
// - A named schema (`Schema.component`) is written once, below `components`, and referred to; a name stands for one schema.
// - What is in a document is sorted by the order of registration, so the same program always says the same bytes.

package import JSON

/// What a JSON value must be: a part of JSON Schema 2020-12, which OpenAPI 3.1 takes its schemas from.
package struct Schema: Sendable {
  enum Keyword: Sendable {
    case text(String)
    case integer(Int64)
    case flag(Bool)
    case texts([String])
    case schema(Schema)
    case schemas([Schema])
    case fields([SchemaField])
  }

  /// A schema with a name of its own in the document.
  final class Component: Sendable {
    let name: String
    let schema: Schema

    init(_ name: String, _ schema: Schema) {
      self.name = name
      self.schema = schema
    }
  }

  private(set) var keywords: [(name: String, value: Keyword)] = []
  private(set) var component: Component?

  private init() {}

  // MARK: Making

  /// Anything at all.
  package static var any: Schema { Schema() }

  /// - Parameters:
  ///   - length: in characters (Unicode scalars).
  ///   - pattern: a regular expression of ECMA-262, anchored where it should be.
  ///   - format: `date-time`, `uri` …
  package static func string(
    length: ClosedRange<Int>? = nil, pattern: String? = nil, format: String? = nil
  ) -> Schema {
    var schema = Schema()
    schema.put("type", .text("string"))
    if let format { schema.put("format", .text(format)) }
    if let length {
      if length.lowerBound > 0 { schema.put("minLength", .integer(Int64(length.lowerBound))) }
      if length.upperBound < Int.max { schema.put("maxLength", .integer(Int64(length.upperBound))) }
    }
    if let pattern { schema.put("pattern", .text(pattern)) }
    return schema
  }

  package static var string: Schema { string() }
  package static var uuid: Schema { string(format: "uuid") }
  /// RFC 3339.
  package static var time: Schema { string(format: "date-time") }

  /// One of these texts.
  package static func oneOf(_ texts: String...) -> Schema { oneOf(texts) }

  package static func oneOf(_ texts: [String]) -> Schema {
    var schema = Schema()
    schema.put("type", .text("string"))
    schema.put("enum", .texts(texts))
    return schema
  }

  package static func integer(_ bounds: ClosedRange<Int64>) -> Schema {
    var schema = Schema()
    schema.put("type", .text("integer"))
    schema.put("minimum", .integer(bounds.lowerBound))
    if bounds.upperBound < Int64.max { schema.put("maximum", .integer(bounds.upperBound)) }
    return schema
  }

  package static var integer: Schema {
    var schema = Schema()
    schema.put("type", .text("integer"))
    return schema
  }

  package static var boolean: Schema {
    var schema = Schema()
    schema.put("type", .text("boolean"))
    return schema
  }

  package static func array(_ element: Schema, count: ClosedRange<Int>? = nil) -> Schema {
    var schema = Schema()
    schema.put("type", .text("array"))
    schema.put("items", .schema(element))
    if let count {
      if count.lowerBound > 0 { schema.put("minItems", .integer(Int64(count.lowerBound))) }
      if count.upperBound < Int.max { schema.put("maxItems", .integer(Int64(count.upperBound))) }
    }
    return schema
  }

  /// Fields that are not named here may be there too.
  package static func object(_ fields: SchemaField...) -> Schema { object(fields) }

  package static func object(_ fields: [SchemaField]) -> Schema {
    var schema = Schema()
    schema.put("type", .text("object"))
    let required = fields.filter(\.isRequired).map(\.name)
    if !required.isEmpty { schema.put("required", .texts(required)) }
    if !fields.isEmpty { schema.put("properties", .fields(fields)) }
    return schema
  }

  /// An object whose fields are not known beforehand, but what they hold.
  package static func map(_ value: Schema) -> Schema {
    var schema = Schema()
    schema.put("type", .text("object"))
    schema.put("additionalProperties", .schema(value))
    return schema
  }

  /// What fits one of these, or several.
  package static func anyOf(_ schemas: Schema...) -> Schema {
    var schema = Schema()
    schema.put("anyOf", .schemas(schemas))
    return schema
  }

  /// What fits all of these.
  package static func allOf(_ schemas: Schema...) -> Schema {
    var schema = Schema()
    schema.put("allOf", .schemas(schemas))
    return schema
  }

  /// The schema under a name of its own: readers of the document see one `Message`, wherever there is one.
  package static func component(_ name: String, _ schema: Schema) -> Schema {
    var reference = Schema()
    reference.component = Component(name, schema)
    return reference
  }

  // MARK: Refining

  /// The same, or null.
  package var orNull: Schema { .anyOf(self, .null) }

  private static var null: Schema {
    var schema = Schema()
    schema.put("type", .text("null"))
    return schema
  }

  package func description(_ text: String) -> Schema { putting("description", .text(text)) }

  package func standard(_ value: Int64) -> Schema { putting("default", .integer(value)) }
  package func standard(_ value: Bool) -> Schema { putting("default", .flag(value)) }
  package func standard(_ value: String) -> Schema { putting("default", .text(value)) }

  package func example(_ text: String) -> Schema { putting("examples", .texts([text])) }

  private func putting(_ name: String, _ value: Keyword) -> Schema {
    var schema = self
    schema.put(name, value)
    return schema
  }

  private mutating func put(_ name: String, _ value: Keyword) { keywords.append((name, value)) }

  // MARK: Writing

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    if let component { json.field("$ref", "#/components/schemas/\(component.name)") }
    for (name, value) in keywords {
      json.key(name)
      value.write(to: &json)
    }
    json.endObject()
  }

  /// Calls `body` with each named schema in this one, those within them first.
  func forEachComponent(_ body: (Component) -> Void) {
    if let component {
      component.schema.forEachComponent(body)
      body(component)
    }
    for (_, value) in keywords {
      switch value {
      case .schema(let schema): schema.forEachComponent(body)
      case .schemas(let schemas): for schema in schemas { schema.forEachComponent(body) }
      case .fields(let fields): for field in fields { field.schema.forEachComponent(body) }
      default: break
      }
    }
  }
}

extension Schema.Keyword {
  func write(to json: inout JSONWriter) {
    switch self {
    case .text(let text): json.value(text)
    case .integer(let number): json.value(number)
    case .flag(let flag): json.value(flag)
    case .schema(let schema): schema.write(to: &json)
    case .texts(let texts):
      json.beginArray()
      for text in texts { json.value(text) }
      json.endArray()
    case .schemas(let schemas):
      json.beginArray()
      for schema in schemas { schema.write(to: &json) }
      json.endArray()
    case .fields(let fields):
      json.beginObject()
      for field in fields {
        json.key(field.name)
        field.schema.write(to: &json)
      }
      json.endObject()
    }
  }
}
