package import Primitives

/// What can be an argument of a command.
package protocol RedisArgument {
  /// How many arguments it makes; 1, but for `RedisArguments`.
  var argumentCount: Int { get }
  func encode(into encoder: CommandEncoder)
}

extension RedisArgument {
  package var argumentCount: Int { 1 }
}

extension String: RedisArgument {
  package func encode(into encoder: CommandEncoder) { encoder.bulk(self) }
}

extension Substring: RedisArgument {
  package func encode(into encoder: CommandEncoder) {
    var text = self
    text.withUTF8 { encoder.bulk(UnsafeRawBufferPointer($0)) }
  }
}

extension Array: RedisArgument where Element == UInt8 {
  package func encode(into encoder: CommandEncoder) { withUnsafeBytes { encoder.bulk($0) } }
}

extension ArraySlice: RedisArgument where Element == UInt8 {
  package func encode(into encoder: CommandEncoder) { withUnsafeBytes { encoder.bulk($0) } }
}

extension UnsafeRawBufferPointer: RedisArgument {
  package func encode(into encoder: CommandEncoder) { encoder.bulk(self) }
}

extension Int: RedisArgument {
  package func encode(into encoder: CommandEncoder) { encoder.bulk(Int64(self)) }
}

extension Int64: RedisArgument {
  package func encode(into encoder: CommandEncoder) { encoder.bulk(self) }
}

extension UInt64: RedisArgument {
  package func encode(into encoder: CommandEncoder) { encoder.bulk(String(self)) }
}

extension Double: RedisArgument {
  package func encode(into encoder: CommandEncoder) { encoder.bulk(description) }
}

extension UUID: RedisArgument {
  package func encode(into encoder: CommandEncoder) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
      guard let start = text.baseAddress else { return }
      write(into: start)
      encoder.bulk(UnsafeRawBufferPointer(start: start, count: 36))
    }
  }
}

/// Any number of arguments in the place of one: `client.send("DEL", RedisArguments(keys))`.
package struct RedisArguments<Element: RedisArgument>: RedisArgument {
  private let elements: [Element]

  package init(_ elements: [Element]) { self.elements = elements }

  package var argumentCount: Int { elements.reduce(0) { $0 + $1.argumentCount } }

  package func encode(into encoder: CommandEncoder) {
    for element in elements { element.encode(into: encoder) }
  }
}
