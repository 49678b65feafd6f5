import Commands
package import Primitives

/// Sending and reading messages.
package struct MessageOptions: Sendable {
  package let maxBody: ByteCount
  package let maxPage: Int
  package let batch: Int
  package let queueLimit: Int
  package let patience: Duration
  package let idempotencyLifetime: Duration

  init(_ settings: inout SettingReader) {
    settings.section("messages", "Messages", "Sending and reading messages.")
    maxBody = settings.value(
      "messages.maxBody", .size(ByteCount(bytes: 1) ... .mebibytes(1)), default: .kibibytes(16),
      "The longest body of a message.")
    maxPage = settings.value(
      "messages.maxPage", .int(1...1000), default: 200, "Messages on a page of history at most.")
    batch = settings.value(
      "messages.batch", .int(1...1000), default: 64, "Messages that one commit stores at most.")
    queueLimit = settings.value(
      "messages.queueLimit", .int(1...1_000_000), default: 10_000,
      "Messages of one loop that may wait to be stored; more are answered 503.")
    patience = settings.value(
      "messages.patience", .duration(.seconds(3) ... .seconds(120)), default: .seconds(10),
      "How long a message may wait for a store that is away before its sender is told.")
    idempotencyLifetime = settings.value(
      "messages.idempotencyLifetime", .duration(.seconds(60) ... .seconds(30 * 86_400)), default: .seconds(86_400),
      "How long the same Idempotency-Key gets the same answer.")
  }
}
