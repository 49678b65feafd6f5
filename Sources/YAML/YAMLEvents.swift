import CYAML

/// The events of one input: the owner of a yaml_parser_t.
///
/// The bytes must outlive it. The parser lies on the heap, for it keeps a pointer to itself.
struct YAMLEvents: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let file: String
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer, file: String) throws(YAMLError) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      throw YAMLError(.limit, file: file, mark: .start, "out of memory")
    }
    self.parser = parser
    self.file = file
    // libyaml would take a byte order mark before a directive or a key for part of the line.
    let hasMark = bytes.starts(with: [0xef, 0xbb, 0xbf])
    let bytes = hasMark ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst(3)) : bytes
    self.bytes = bytes
    // Without this UTF-16 would be taken for what it is; one encoding is enough.
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// The next event. After an error or the stream's end there is none.
  mutating func next() throws(YAMLError) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { yaml_event_delete(&event) }
    let mark = YAMLMark(event.start_mark)
    switch event.type {
    case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, mark: mark)
    case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, mark: mark)
    case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, mark: mark)
    case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, mark: mark)
    case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, mark: mark)
    case YAML_ALIAS_EVENT:
      return YAMLEvent(kind: .alias(String(event.data.alias.anchor) ?? ""), mark: mark)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let properties = YAMLEvent.Properties(tag: String(scalar.tag), anchor: String(scalar.anchor))
      return YAMLEvent(kind: .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, properties), mark: mark)
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      return YAMLEvent(kind: .sequenceStart(.init(tag: String(start.tag), anchor: String(start.anchor))), mark: mark)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      return YAMLEvent(kind: .mappingStart(.init(tag: String(start.tag), anchor: String(start.anchor))), mark: mark)
    default: return YAMLEvent(kind: .streamEnd, mark: mark)
    }
  }

  private func failure() -> YAMLError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
    switch parser.pointee.error {
    case YAML_MEMORY_ERROR: return YAMLError(.limit, file: file, mark: .start, "out of memory")
    case YAML_READER_ERROR:
      let offset = parser.pointee.problem_offset
      let value = parser.pointee.problem_value
      let what =
        value < 0
        ? "invalid UTF-8 (\(problem))"
        : "invalid character or UTF-8: 0x\(String(value, radix: 16)) (\(problem))"
      return YAMLError(.encoding, file: file, mark: mark(at: offset), what)
    default:
      let (mark, byte) = place(of: YAMLMark(parser.pointee.problem_mark))
      if byte == UInt8(ascii: "\t") {
        return YAMLError(.syntax, file: file, mark: mark, "a tab cannot indent or begin a value; use spaces")
      }
      var message = problem
      if let context = parser.pointee.context {
        let begin = YAMLMark(parser.pointee.context_mark)
        message += " \(String(cString: context))"
        if begin != mark, parser.pointee.context_mark.index > 0 || begin.line != mark.line {
          message += " that begins at line \(begin.line), column \(begin.column)"
        }
      }
      return YAMLError(.syntax, file: file, mark: mark, message)
    }
  }

  /// A mark, or the end where it lies behind that (libyaml ends the last line itself), and the byte there.
  private func place(of mark: YAMLMark) -> (YAMLMark, UInt8?) {
    // The mark counts characters, so lines and columns are walked again.
    var position = YAMLPosition()
    for byte in bytes {
      if position.mark == mark { return (mark, byte) }
      position.advance(over: byte)
    }
    return (mark.line > position.mark.line ? position.mark : mark, nil)
  }

  private func mark(at offset: Int) -> YAMLMark {
    var position = YAMLPosition()
    for byte in bytes.prefix(offset) { position.advance(over: byte) }
    return position.mark
  }
}

extension YAMLMark {
  fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}

extension String {
  fileprivate init?(_ text: UnsafeMutablePointer<yaml_char_t>?) {
    guard let text else { return nil }
    self.init(cString: text)
  }
}
