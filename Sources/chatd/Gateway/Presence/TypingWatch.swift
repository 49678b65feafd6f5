import ChatKit
import JSON
import Networking
import Primitives

/// Ends typing that nobody has ended: a client that was cut, or whose gateway died, is typing for five seconds more.
///
/// Each loop watches for the rooms that it has members in, so it depends on nobody else's living. On the loop only.
final class TypingWatch: @unchecked Sendable {
  static let lifetime = Duration.seconds(5)
  /// Beyond this many who type at once, the rest end when their clients say so.
  private static let limit = 10_000

  private struct Key: Hashable {
    let room: ObjectIdentifier
    let user: UUID
  }

  private struct Entry {
    weak var room: Room?
    let typing: Typing
    var deadline: UInt64
  }

  private let loop: EventLoop
  private var entries: [Key: Entry] = [:]
  /// By their deadlines; what was ended or renewed meanwhile is passed over.
  private var queue: [(key: Key, deadline: UInt64)] = []
  private lazy var timer = loop.timer { [unowned self] in expire() }
  /// Tells a room that somebody is not typing any more.
  var onEnd: (Room, Typing) -> Void = { _, _ in }

  init(loop: EventLoop) { self.loop = loop }

  func close() { timer.cancel() }

  /// An event that a room is told of; others than `typing` are none of ours.
  func heard(_ event: RoomEvent, in room: Room) {
    guard event.isTyping, room.conversation != nil, let document = try? JSONDocument(parsing: event.json),
      let typing = document.root[1].flatMap({ Typing($0) }), typing.conversation == room.conversation
    else { return }
    let key = Key(room: ObjectIdentifier(room), user: typing.user)
    guard typing.isTyping else {
      entries[key] = nil
      return
    }
    guard entries[key] != nil || entries.count < Self.limit else { return }
    let deadline = loop.now &+ Self.lifetime.nanoseconds
    entries[key] = Entry(room: room, typing: typing, deadline: deadline)
    queue.append((key, deadline))
    if !timer.isArmed { timer.arm(at: deadline) }
  }

  private func expire() {
    let now = loop.now
    var passed = 0
    for (key, deadline) in queue {
      guard deadline <= now else { break }
      passed += 1
      guard let entry = entries[key], entry.deadline <= now else { continue }
      entries[key] = nil
      var typing = entry.typing
      typing.isTyping = false
      if let room = entry.room { onEnd(room, typing) }
    }
    queue.removeFirst(passed)
    if let next = queue.first { timer.arm(at: next.deadline) }
  }
}

extension RoomEvent {
  /// `["typing",…`
  fileprivate var isTyping: Bool {
    let name: StaticString = "[\"typing\","
    return json.withUnsafeBytes { bytes in
      bytes.starts(with: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
  }
}
