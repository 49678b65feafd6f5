/// A JSON value written out in Swift, for tests, fixed documents and answers that are built once.
package enum JSONLiteral: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case double(Double)
  case string(String)
  case array([JSONLiteral])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package var key: String
    package var value: JSONLiteral

    package init(key: String, value: JSONLiteral) {
      self.key = key
      self.value = value
    }
  }

  /// The document's value as a tree, members in their order.
  package init(_ value: JSONValue) {
    switch value.kind {
    case .null: self = .null
    case .bool: self = .bool(value.bool ?? false)
    case .number: self = value.int64.map { .integer($0) } ?? .double(value.double ?? .infinity)
    case .string: self = .string(value.string ?? "")
    case .array: self = .array(value.array?.map { JSONLiteral($0) } ?? [])
    case .object:
      self = .object(value.object?.map { Member(key: $0.key, value: JSONLiteral($0.value)) } ?? [])
    }
  }

  package var bytes: [UInt8] {
    var json = JSONWriter()
    write(to: &json)
    return json.bytes
  }
}

extension JSONLiteral: JSONWritable {
  package func write(to json: inout JSONWriter) {
    switch self {
    case .null: json.null()
    case .bool(let value): json.value(value)
    case .integer(let value): json.value(value)
    case .double(let value): json.value(value)
    case .string(let value): json.value(value)
    case .array(let elements): json.value(elements)
    case .object(let members):
      json.beginObject()
      for member in members {
        json.key(member.key)
        json.value(member.value)
      }
      json.endObject()
    }
  }
}

extension JSONLiteral: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .double(value) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(arrayLiteral elements: JSONLiteral...) { self = .array(elements) }
  package init(dictionaryLiteral members: (String, JSONLiteral)...) {
    self = .object(members.map { Member(key: $0.0, value: $0.1) })
  }
}
