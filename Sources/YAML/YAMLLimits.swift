package import Primitives

/// What an input may cost. The defaults suit files that people write.
package struct YAMLLimits: Sendable {
  /// The size of the input.
  package var size = ByteCount.mebibytes(4)
  /// How deep sequences and mappings nest, aliases followed. At most 256, whatever is asked for.
  package var depth = 64
  /// Nodes in all documents together, aliases followed: ten lines of aliases can stand for billions of nodes.
  package var nodes = 250_000
  /// Anchors in a document.
  package var anchors = 256
  /// Aliases in a document.
  package var aliases = 1024
  /// Documents in a stream.
  package var documents = 10_000

  package static let `default` = YAMLLimits()

  package init() {}
}
