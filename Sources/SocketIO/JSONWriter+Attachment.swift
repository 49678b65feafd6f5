package import JSON

extension JSONWriter {
  /// The placeholder for attachment `index`.
  package mutating func attachment(_ index: Int) {
    beginObject()
    field("_placeholder", true)
    field("num", index)
    endObject()
  }
}
