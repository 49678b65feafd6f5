package import Primitives

/// Why a topic could not be changed, where the bus itself has not failed.
package struct TopicError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case noSuchTopic, refused
    /// The bus has no such notion.
    case notOnThisBus
  }

  package let code: Code
  package let description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}

/// The topics of a bus.
package protocol TopicStore: AnyObject, Sendable {
  /// Names, the bus's internal ones too.
  func names() async throws -> [String]

  /// Nil when there is no such topic.
  /// - Parameter withTimes: read the times of the first and last records too.
  func state(of topic: String, withTimes: Bool) async throws -> TopicState?

  /// What the bus says of changes before they are carried out: with numbers where it has them, and `impossible` where it would
  /// refuse. Changes nothing.
  func examine(_ changes: [TopicChange], _ desired: TopicSpec) async throws -> [TopicChange]

  func apply(_ changes: [TopicChange], _ desired: TopicSpec) async throws

  func delete(_ topic: String) async throws

  /// In which partition a room's events are, among so many.
  func partition(of key: UUID, among count: Int) -> Int
}
