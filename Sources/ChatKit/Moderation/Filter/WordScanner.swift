/// Finds the words of a text, folded so that spellings of one word are equal.
///
/// A word is a run of letters, digits and marks (in the sense of Unicode). Of scripts that put no spaces between words, each
/// letter is a word of its own. Scalars that nobody sees (U+200B, U+00AD …) are looked past. Folding is to upper case and back,
/// which brings `ß` to `ss` and `ς` to `σ`; that a letter is written as one scalar or as two is all the same to `String`.
struct WordScanner {
  struct Word {
    var folded: String
    var range: Range<String.Index>
  }

  private enum Class {
    case letter
    /// A word by itself.
    case syllable
    /// Belongs to what is before it.
    case mark
    case ignorable
    case other
  }

  private(set) var words: [Word] = []
  /// Whether there was something that belongs to no word, and is no space, hyphen, dot or apostrophe.
  private(set) var hasSymbols = false

  init(_ text: String) {
    words.reserveCapacity(text.utf8.count / 6 + 1)
    let scalars = text.unicodeScalars
    var isOpen = false
    var at = scalars.startIndex
    while at < scalars.endIndex {
      let scalar = scalars[at]
      let next = scalars.index(after: at)
      switch Self.class(of: scalar) {
      case .ignorable: break
      case .letter:
        if !isOpen { words.append(Word(folded: "", range: at..<at)) }
        append(scalar, next)
        isOpen = true
      case .syllable:
        words.append(Word(folded: "", range: at..<at))
        append(scalar, next)
        isOpen = false
      case .mark:
        if let end = words.last?.range.upperBound, isOpen || end == at { append(scalar, next) }
      case .other:
        isOpen = false
        if !Self.isPlain(scalar) { hasSymbols = true }
      }
      at = next
    }
  }

  private mutating func append(_ scalar: Unicode.Scalar, _ end: String.Index) {
    let last = words.count - 1
    words[last].range = words[last].range.lowerBound..<end
    if scalar.isASCII {
      let isUpper = (0x41...0x5a).contains(scalar.value)
      words[last].folded.unicodeScalars.append(isUpper ? Unicode.Scalar(UInt8(scalar.value | 0x20)) : scalar)
      return
    }
    for upper in scalar.properties.uppercaseMapping.unicodeScalars {
      words[last].folded += upper.properties.lowercaseMapping
    }
  }

  private static func `class`(of scalar: Unicode.Scalar) -> Class {
    if scalar.isASCII {
      switch scalar.value {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: return .letter
      default: return .other
      }
    }
    let properties = scalar.properties
    if properties.isDefaultIgnorableCodePoint { return .ignorable }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: return .mark
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
      .letterNumber:
      return properties.isIdeographic || isUnspaced(scalar.value) ? .syllable : .letter
    default: return .other
    }
  }

  /// Thai and Lao, Myanmar, Khmer, and Hiragana; ideographs are known by their property.
  private static func isUnspaced(_ value: UInt32) -> Bool {
    switch value {
    case 0x0e00...0x0eff, 0x1000...0x109f, 0x1780...0x17ff, 0x3040...0x309f: true
    default: false
    }
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "-", "'", "\u{2019}", ".": true
    default: scalar.properties.isWhitespace
    }
  }
}
