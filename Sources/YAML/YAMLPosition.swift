/// Counts lines and columns over bytes, as libyaml does: CR, LF and CRLF each end one line.
struct YAMLPosition {
  private var line = 1
  private var column = 1
  private var isAfterReturn = false

  /// Where the next byte stands.
  var mark: YAMLMark { YAMLMark(line: line, column: column) }

  mutating func advance(over byte: UInt8) {
    let wasReturn = isAfterReturn
    isAfterReturn = byte == 0x0d
    switch byte {
    case 0x0a where wasReturn: break
    case 0x0a, 0x0d:
      line += 1
      column = 1
    // The bytes that continue a character do not move the column.
    case 0x80..<0xc0: break
    default: column += 1
    }
  }
}
