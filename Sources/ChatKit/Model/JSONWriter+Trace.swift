package import JSON
package import Primitives

extension JSONWriter {
  /// A field with `traceparent`'s text.
  package mutating func field(_ name: StaticString, _ trace: TraceContext) {
    key(name)
    // Nothing in it needs an escape.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: TraceContext.length + 2) { out in
      guard let base = out.baseAddress else { return }
      base[0] = UInt8(ascii: "\"")
      trace.write(into: base + 1)
      base[TraceContext.length + 1] = UInt8(ascii: "\"")
      raw(UnsafeRawBufferPointer(out))
    }
  }
}
