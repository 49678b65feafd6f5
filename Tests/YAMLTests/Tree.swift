import YAML

/// A value to write and to compare with what is read.
indirect enum Tree {
  case null
  case bool(Bool)
  case integer(Int)
  case double(Double)
  case string(String)
  case sequence([Tree])
  case mapping([(String, Tree)])

  private static let pieces = [
    "a", "no", "1", "0x", ":", " ", "  ", "\n", "\n\n", "#", "-", "\t", "\"", "'", "\\", "é", "😀", "\u{0}", "\u{7f}",
    "\u{85}", "\u{2028}", "\u{feff}", "~", ".", "e", "[", "}", ",", "&", "*", "!", "|", ">", "%", "@", "`", "---",
    "...",
    "\r", "null", "=", "<<", "?", "word",
  ]

  static func text(_ random: inout SplitMix) -> String {
    (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
  }

  static func random(_ random: inout SplitMix, depth: Int) -> Tree {
    switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(.random(in: .min ... .max, using: &random))
    case 3: return .double([0.1, -1.5e300, 1e-7, .infinity, -.infinity, 3][Int.random(in: 0..<6, using: &random)])
    case 4, 5: return .string(text(&random))
    case 6, 7:
      return .sequence(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in Tree.random(&random, depth: depth - 1) })
    default:
      var keys: Set<String> = []
      for _ in 0..<Int.random(in: 0...4, using: &random) { keys.insert(text(&random)) }
      return .mapping(keys.sorted().map { ($0, Tree.random(&random, depth: depth - 1)) })
    }
  }

  func write(to yaml: inout YAMLWriter) {
    switch self {
    case .null: yaml.null()
    case .bool(let bool): yaml.value(bool)
    case .integer(let number): yaml.value(number)
    case .double(let number): yaml.value(number)
    case .string(let text): yaml.value(text)
    case .sequence(let elements):
      yaml.beginSequence()
      for element in elements { element.write(to: &yaml) }
      yaml.end()
    case .mapping(let entries):
      yaml.beginMapping()
      for (key, value) in entries {
        yaml.key(key)
        value.write(to: &yaml)
      }
      yaml.end()
    }
  }

  func isEqual(to node: YAMLNode) -> Bool {
    switch self {
    case .null: return node.isNull
    case .bool(let bool): return node.bool == bool
    case .integer(let number): return node.int == number
    case .double(let number): return node.double == number
    case .string(let text): return node.string.map { Array($0.utf8) == Array(text.utf8) } ?? false
    case .sequence(let elements):
      guard let others = node.elements, others.count == elements.count else { return false }
      return zip(elements, others).allSatisfy { $0.isEqual(to: $1) }
    case .mapping(let entries):
      guard let others = node.entries, others.count == entries.count else { return false }
      return zip(entries, others).allSatisfy { $0.0 == $1.key && $0.1.isEqual(to: $1.value) }
    }
  }
}
