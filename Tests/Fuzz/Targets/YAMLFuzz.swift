import Primitives
import YAML

/// YAML: within its limits, and a document that is written reads the same.
enum YAMLFuzz {
  private static let limits: YAMLLimits = {
    var limits = YAMLLimits()
    limits.size = ByteCount(bytes: 4096)
    limits.depth = 12
    limits.nodes = 500
    limits.anchors = 8
    limits.aliases = 16
    limits.documents = 8
    return limits
  }()

  static func run(_ bytes: UnsafeRawBufferPointer) {
    let documents: [YAMLNode]
    do throws(YAMLError) {
      documents = try YAMLNode.documents(in: bytes, file: "f", limits: limits)
    } catch {
      demand(error.mark.line >= 1 && error.mark.column >= 1, "a mistake is somewhere: \(error)")
      return
    }
    demand(documents.count <= limits.documents, "documents within their limit")
    for document in documents {
      demand(depth(document) <= limits.depth, "nodes no deeper than they may be")
      _ = EveryQuestion.of(document)
      var writer = YAMLWriter()
      writer.value(document)
      do throws(YAMLError) {
        let again = try YAMLNode.documents(in: Array(writer.text.utf8), file: "f")
        demand(
          again.count == 1 && same(again[0], document),
          "what is written reads the same: \(writer.text.debugDescription)")
      } catch {
        demand(false, "what is written can be read: \(error) in \(writer.text.debugDescription)")
      }
    }
  }

  private static func depth(_ node: YAMLNode) -> Int {
    switch node.content {
    case .scalar: 0
    case .sequence(let elements): 1 + (elements.map(depth).max() ?? 0)
    case .mapping(let entries): 1 + (entries.map { depth($0.value) }.max() ?? 0)
    }
  }

  private static func same(_ a: YAMLNode, _ b: YAMLNode) -> Bool {
    switch (a.content, b.content) {
    case (.scalar(let a), .scalar(let b)): a.kind == b.kind && (a.kind == .null || a.text == b.text)
    case (.sequence(let a), .sequence(let b)): a.count == b.count && zip(a, b).allSatisfy(same)
    case (.mapping(let a), .mapping(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && same($0.value, $1.value) }
    default: false
    }
  }
}

/// Asks every node all that it can be asked.
private enum EveryQuestion {
  static func of(_ node: YAMLNode) -> Int {
    _ = (node.string, node.bool, node.int, node.double, node.summary)
    return (node.elements ?? []).reduce(1) { $0 + of($1) } + (node.entries ?? []).reduce(0) { $0 + of($1.value) }
  }
}
