/// A command line that can be typed as it stands, and what it is for.
package struct Example: Sendable {
  package let line: String
  package let summary: String

  package init(_ line: String, _ summary: String) {
    self.line = line
    self.summary = summary
  }
}
