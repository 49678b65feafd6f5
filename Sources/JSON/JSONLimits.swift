/// What a document may cost. A document beyond them is refused before it is read further.
package struct JSONLimits: Sendable {
  /// Bytes of source; at most 2^28.
  package var maximumBytes: Int
  /// Arrays and objects within each other.
  package var maximumDepth: Int

  package init(maximumBytes: Int = 16 << 20, maximumDepth: Int = 64) {
    self.maximumBytes = min(maximumBytes, 1 << 28)
    self.maximumDepth = maximumDepth
  }

  package static let `default` = JSONLimits()

  /// Digits and signs of one number. Longer ones lose their precision anyway, and cost time to convert.
  static let maximumNumberLength = 512
}
