import Glibc

/// What chatd says to the one who started it; the log is another matter.
enum Console {
  static func say(_ line: String) { write(line + "\n", to: 2) }

  static func fail(_ code: Int32, _ message: String, hint: String? = nil) -> Never {
    say("chatd: \(message)")
    if let hint { say(hint) }
    exit(code)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }
}
