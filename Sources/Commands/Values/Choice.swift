/// One of the words that a value can be.
package struct Choice: Sendable, Equatable {
  package let value: String
  package let summary: String

  package init(_ value: String, _ summary: String = "") {
    self.value = value
    self.summary = summary
  }
}
