/// A place in a file. Lines and columns begin at 1; a column is a Unicode scalar.
package struct YAMLMark: Hashable, Sendable {
  package let line: Int
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  static let start = YAMLMark(line: 1, column: 1)
}

extension YAMLMark: CustomStringConvertible {
  package var description: String { "\(line):\(column)" }
}
