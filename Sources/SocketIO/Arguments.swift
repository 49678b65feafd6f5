package import JSON

/// The arguments of an event or an acknowledgement: JSON values, some of which stand for attachments.
package struct Arguments: Sendable {
  private let array: JSONValue?
  /// An event's array begins with its name.
  private let skipped: Int
  /// The binary attachments in the order of their numbers.
  package let attachments: [[UInt8]]

  init(event array: JSONValue?, attachments: [[UInt8]]) {
    self.array = array
    skipped = 1
    self.attachments = attachments
  }

  init(acknowledgement array: JSONValue?, attachments: [[UInt8]]) {
    self.array = array
    skipped = 0
    self.attachments = attachments
  }

  package var count: Int { max(0, (array?.count ?? 0) - skipped) }
  package var isEmpty: Bool { count == 0 }

  /// The argument at `index`; a binary one is its placeholder, see `binary`.
  package subscript(index: Int) -> JSONValue? { index < 0 ? nil : array?[index + skipped] }

  package var first: JSONValue? { self[0] }

  /// The attachment that stands at argument `index`.
  package func binary(_ index: Int) -> [UInt8]? { self[index].flatMap { attachment(for: $0) } }

  /// The attachment that `value`, a placeholder somewhere within the arguments, stands for.
  package func attachment(for value: JSONValue) -> [UInt8]? {
    guard value["_placeholder"]?.bool == true, let index = value["num"]?.int, attachments.indices.contains(index)
    else { return nil }
    return attachments[index]
  }

  /// Writes every argument as it came into an array that is open in `json`; send `attachments` along.
  package func write(to json: inout JSONWriter) {
    guard let elements = array?.array else { return }
    for element in elements.dropFirst(skipped) { element.withRawBytes { json.raw($0) } }
  }
}
