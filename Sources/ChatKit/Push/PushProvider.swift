package import Primitives

/// What people get on their devices when they are not connected.
package struct PushNotification: Sendable {
  package enum Kind: String, Sendable {
    case message, mention
  }

  package struct Device: Sendable {
    package var id: String
    package var platform: String
    package var token: String
  }

  /// The event's: the same at every attempt.
  package var id: UUID
  package var user: UUID
  package var kind: Kind
  package var conversationId: UUID
  package var seq: Int64
  /// JSON: the message's id, sender, type, preview and time.
  package var message: [UInt8]
  package var devices: [Device]
}

/// Why a notification was not taken.
package struct PushError: Error, CustomStringConvertible {
  package var description: String
  package var isRetriable: Bool

  package init(_ description: String, isRetriable: Bool) {
    self.description = description
    self.isRetriable = isRetriable
  }
}

/// Brings notifications to devices: Apple's and Google's services, or a server that does. On one loop.
package protocol PushProvider: AnyObject, Sendable {
  /// Hands over one notification for all devices of a user; answers those that there are no more. At least once: the
  /// same notification may come again.
  func push(_ notification: PushNotification) async throws(PushError) -> [String]
}

/// Who is connected now.
package protocol PresenceLookup: AnyObject, Sendable {
  /// Those of `users` that are online.
  func online(among users: [UUID]) async throws -> Set<UUID>
}
