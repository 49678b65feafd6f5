/// A word that may stand where the cursor is.
package struct Candidate: Hashable, Sendable {
  package let value: String
  /// A few words on it, for shells that show them.
  package let summary: String

  package init(_ value: String, _ summary: String = "") {
    self.value = value
    self.summary = summary
  }

  /// As `__complete` prints it: the value, and behind a tab the summary.
  var line: String {
    let value = Self.oneLine(value)
    return summary.isEmpty ? value : "\(value)\t\(Self.oneLine(summary))"
  }

  /// What tells lines and fields apart, and what a terminal would obey, has no place in them.
  private static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
  }
}
