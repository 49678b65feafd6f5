import CLinux
import Glibc

/// Reads what a subscribed connection is sent: arrays of three or four, never nested (RESP2).
///
/// The name of the channel is copied, for the rest of a message may come with the next read; the payload is handed over
/// where the reader has it.
final class PushSink: ReplySink {
  enum Kind {
    case message, patternMessage, subscribed, unsubscribed, patternSubscribed, patternUnsubscribed, pong, other
  }

  @exclusivity(unchecked) var message: (_ channel: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) -> Void =
    { _, _ in }
  var patternMessage:
    (_ pattern: UnsafeRawBufferPointer, _ channel: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) -> Void =
      { _, _, _ in }
  /// A (p)subscribe or (p)unsubscribe has been done.
  var changed: (_ kind: Kind, _ name: UnsafeRawBufferPointer) -> Void = { _, _ in }
  var pong: (_ mark: UnsafeRawBufferPointer) -> Void = { _ in }
  var refused: (RedisError) -> Void = { _ in }

  // Confined to the loop and never re-entered: dynamic exclusivity checks would cost a third of a message.
  @exclusivity(unchecked) private var kind = Kind.other
  /// The place in the array; -1 outside of one.
  @exclusivity(unchecked) private var index = -1
  @exclusivity(unchecked) private var first = NameBuffer()
  @exclusivity(unchecked) private var second = NameBuffer()

  /// Forgets a half-read message.
  func reset() { index = -1 }

  override func arrayBegan(count: Int) {
    index = 0
    kind = .other
  }

  override func string(_ bytes: UnsafeRawBufferPointer) {
    switch index {
    case 0:
      kind = Self.kind(of: bytes)
      index = 1
    case 1:
      if kind == .pong {
        index = -1
        pong(bytes)
      } else {
        first.store(bytes)
        index = 2
      }
    case 2:
      if kind == .message {
        index = -1
        message(first.bytes, bytes)
      } else {
        second.store(bytes)
        index = 3
      }
    case 3:
      index = -1
      if kind == .patternMessage { patternMessage(first.bytes, second.bytes, bytes) }
    default:
      // The answer to a PING while nothing is subscribed.
      pong(bytes)
    }
  }

  override func integer(_ value: Int64) {
    let isLast = index == 2
    index = -1
    if isLast { changed(kind, first.bytes) }
  }

  /// UNSUBSCRIBE of everything, where there was nothing.
  override func null() {
    first.store(UnsafeRawBufferPointer(start: nil, count: 0))
    index += 1
  }

  override func status(_ bytes: UnsafeRawBufferPointer) { pong(UnsafeRawBufferPointer(start: nil, count: 0)) }

  override func error(_ bytes: UnsafeRawBufferPointer) {
    index = -1
    refused(RedisError(reply: String(decoding: bytes, as: UTF8.self)))
  }

  /// No two of them have the same length.
  private static func kind(of word: UnsafeRawBufferPointer) -> Kind {
    switch word.count {
    case 7: .message
    case 8: .patternMessage
    case 9: .subscribed
    case 10: .patternSubscribed
    case 11: .unsubscribed
    case 12: .patternUnsubscribed
    case 4: .pong
    default: .other
    }
  }
}

/// A copy of a short name, in memory that is used again.
private struct NameBuffer: ~Copyable {
  private var base = malloc(256)!
  private var capacity = 256
  private var count = 0

  init() {}

  deinit { free(base) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  mutating func store(_ bytes: UnsafeRawBufferPointer) {
    if bytes.count > capacity {
      capacity = bytes.count
      base = realloc(base, capacity)!
    }
    if let source = bytes.baseAddress { memcpy(base, source, bytes.count) }
    count = bytes.count
  }
}
