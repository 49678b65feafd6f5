/// A parser's event, with Swift's own strings.
struct YAMLEvent {
  /// What a node may carry before its content.
  struct Properties {
    var tag: String?
    var anchor: String?
  }

  enum Kind {
    case streamStart
    case streamEnd
    case documentStart
    case documentEnd
    case alias(String)
    case scalar(String, isPlain: Bool, Properties)
    case sequenceStart(Properties)
    case sequenceEnd
    case mappingStart(Properties)
    case mappingEnd
  }

  let kind: Kind
  let mark: YAMLMark
}
