/// Text in the language of troff with the macros of man(7).
struct Roff {
  private(set) var text = ""

  /// A macro with quoted arguments: `.SH "NAME"`.
  mutating func macro(_ name: String, _ arguments: String...) {
    text += ".\(name)"
    for argument in arguments { text += " \"\(Self.escaped(argument, isArgument: true))\"" }
    text += "\n"
  }

  /// A macro whose argument has been escaped and marked up.
  mutating func macro(_ name: String, markup: String) { text += ".\(name) \(markup)\n" }

  /// Paragraphs, blank lines between them; lines that begin with blanks stay as they are.
  mutating func paragraphs(_ paragraphs: String) {
    var isVerbatim = false
    func line(_ line: Substring, in roff: inout Roff) { roff.text += Self.escaped(String(line)) + "\n" }
    for part in paragraphs.split(separator: "\n", omittingEmptySubsequences: false) {
      if isVerbatim != (part.hasPrefix(" ")) {
        isVerbatim.toggle()
        macro(isVerbatim ? "nf" : "fi")
      }
      if part.isEmpty { macro("PP") } else { line(part, in: &self) }
    }
    if isVerbatim { macro("fi") }
  }

  /// A line of text that has been escaped and marked up.
  mutating func line(markup: String) { text += markup + "\n" }

  static func bold(_ text: String) -> String { "\\fB\(escaped(text))\\fR" }
  static func italic(_ text: String) -> String { "\\fI\(escaped(text))\\fR" }

  /// Nothing in it is an instruction: backslashes, dashes and quotes stand for themselves, and so does a first dot.
  static func escaped(_ text: String, isArgument: Bool = false) -> String {
    var result = ""
    if !isArgument, text.hasPrefix(".") || text.hasPrefix("'") { result += "\\&" }
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\"": result += "\\(dq"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
      }
    }
    return result
  }
}
