/// A value that can be a parameter, in PostgreSQL's binary format. The type is sent with the statement, so SQL needs
/// a cast only where another type is meant: `$1::message_type` for an enum given as `String`.
package protocol PostgresEncodable: Sendable {
  static var postgresType: UInt32 { get }
  var isPostgresNull: Bool { get }
  /// Appends the value's bytes; not called for NULL.
  func encode(into buffer: inout PostgresBuffer)
}

/// A value that can be an element of an array parameter or result.
package protocol PostgresArrayElement: PostgresEncodable, PostgresDecodable {
  static var postgresArrayType: UInt32 { get }
  /// `[UInt8]` is bytea, and not an array of numbers: hence these two are the element's to decide.
  static func encode(array: [Self], into buffer: inout PostgresBuffer)
  static func decode(array cell: PostgresCell) throws(PostgresError) -> [Self]
}

extension PostgresEncodable {
  package var isPostgresNull: Bool { false }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
  package static var postgresType: UInt32 { RawValue.postgresType }
  package func encode(into buffer: inout PostgresBuffer) { rawValue.encode(into: &buffer) }
}

/// The bytes of the parameters of one request, one after the other.
package struct PostgresBuffer: Sendable {
  var bytes: [UInt8] = []

  package mutating func append<Integer: FixedWidthInteger>(_ value: Integer) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func append(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }

  package mutating func append(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

  /// Appends a length of four bytes and what `body` appends, which it counts.
  mutating func appendCounted(_ body: (inout PostgresBuffer) -> Void) {
    let start = bytes.count
    append(Int32(0))
    body(&self)
    let length = Int32(bytes.count - start - 4)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, toByteOffset: start, as: Int32.self) }
  }
}
