/// A sequence that remembers how far it was read.
final class SequenceReader: UnreadCheck {
  let node: YAMLNode
  let elements: [YAMLNode]
  var index = 0

  init(_ node: YAMLNode) throws(YAMLError) {
    guard let elements = node.elements else { throw node.mismatch("a sequence") }
    self.node = node
    self.elements = elements
  }

  /// The element that is next.
  func current(_ expectation: @autoclosure () -> String) throws(YAMLError) -> YAMLNode {
    guard index < elements.count else {
      throw node.error(.invalidValue, "\(expectation()) is missing after \(elements.count) elements")
    }
    return elements[index]
  }

  func checkAllIsRead() throws(YAMLError) {
    guard index < elements.count else { return }
    throw elements[index].error(.invalidValue, "\(elements.count) elements where \(index) are expected")
  }
}
