/// The object identifiers of the built-in types that have a binary form here (pg_type.dat).
package enum PostgresType {
  package static let bool: UInt32 = 16
  package static let bytea: UInt32 = 17
  package static let char: UInt32 = 18
  package static let name: UInt32 = 19
  package static let int8: UInt32 = 20
  package static let int2: UInt32 = 21
  package static let int4: UInt32 = 23
  package static let text: UInt32 = 25
  package static let oid: UInt32 = 26
  package static let json: UInt32 = 114
  package static let float4: UInt32 = 700
  package static let float8: UInt32 = 701
  package static let unknown: UInt32 = 705
  package static let bpchar: UInt32 = 1042
  package static let varchar: UInt32 = 1043
  package static let timestamp: UInt32 = 1114
  package static let timestamptz: UInt32 = 1184
  package static let void: UInt32 = 2278
  package static let uuid: UInt32 = 2950
  package static let jsonb: UInt32 = 3802

  package static let boolArray: UInt32 = 1000
  package static let byteaArray: UInt32 = 1001
  package static let int2Array: UInt32 = 1005
  package static let int4Array: UInt32 = 1007
  package static let textArray: UInt32 = 1009
  package static let int8Array: UInt32 = 1016
  package static let float4Array: UInt32 = 1021
  package static let float8Array: UInt32 = 1022
  package static let timestamptzArray: UInt32 = 1185
  package static let uuidArray: UInt32 = 2951
  package static let jsonbArray: UInt32 = 3807

  /// Types of extensions and users begin here: enums, domains, citext.
  static let firstUserDefined: UInt32 = 16384
}
