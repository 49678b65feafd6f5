import Primitives

/// What `JSONWriter.value` and `field` can write.
@usableFromInline
package protocol JSONWritable {
  /// Writes exactly one value.
  func write(to json: inout JSONWriter)
}

extension JSONWriter {
  /// One value, with a comma before it where one is due.
  @inlinable
  package mutating func value(_ value: some JSONWritable) { value.write(to: &self) }

  /// A key and its value; nil is written as null.
  @inlinable
  package mutating func field(_ key: StaticString, _ value: some JSONWritable) {
    self.key(key)
    value.write(to: &self)
  }

  /// A key and its value, or nothing for nil.
  @inlinable
  package mutating func fieldIfPresent(_ key: StaticString, _ value: (some JSONWritable)?) {
    if let value { field(key, value) }
  }

  /// A key and a value that is JSON already.
  package mutating func field(_ key: StaticString, raw json: [UInt8]) {
    self.key(key)
    raw(json)
  }
}

extension String: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.string(self) }
}

extension Substring: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.string(self) }
}

extension StaticString: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) {
    json.value(utf8: UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount))
  }
}

extension Bool: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.bool(self) }
}

extension Int: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.integer(self) }
}

extension Int32: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.integer(self) }
}

extension Int64: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.integer(self) }
}

extension UInt16: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.integer(self) }
}

extension UInt32: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.integer(self) }
}

extension UInt64: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.integer(self) }
}

/// Whole numbers are written without a fraction, as JavaScript does; what is not finite is null.
extension Double: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.double(self) }
}

/// The canonical form.
extension UUID: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.id(self) }
}

/// RFC 3339 with milliseconds, in UTC.
extension Timestamp: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { json.time(self) }
}

/// nil is null.
extension Optional: JSONWritable where Wrapped: JSONWritable {
  @inlinable
  package func write(to json: inout JSONWriter) {
    if let self { self.write(to: &json) } else { json.null() }
  }
}

extension Array: JSONWritable where Element: JSONWritable {
  @inlinable
  package func write(to json: inout JSONWriter) {
    json.beginArray()
    for element in self { element.write(to: &json) }
    json.endArray()
  }
}

/// An object with its keys in order, so that equal dictionaries are equal bytes.
extension Dictionary: JSONWritable where Key == String, Value: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) {
    json.beginObject()
    for (key, value) in self.sorted(by: { $0.key < $1.key }) {
      json.key(key)
      value.write(to: &json)
    }
    json.endObject()
  }
}

/// The exact bytes of the source.
extension JSONValue: JSONWritable {
  @usableFromInline
  package func write(to json: inout JSONWriter) { withRawBytes { json.raw($0) } }
}
