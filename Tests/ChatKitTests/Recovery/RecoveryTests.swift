import ChatKit
import Primitives
import Testing

@Suite("What recovery writes down")
struct RecoveryRecordTests {
  private let a = UUID.v7()
  private let b = UUID.v7()

  @Test("an offset is read as it was written, and nothing else is")
  func offsets() {
    for ordinal in [0, 1, 35, 36, UInt64.max >> 1, .max] {
      let offset = RecoveryOffset(hub: "a1b2c3", ordinal: ordinal)
      #expect(RecoveryOffset(offset.text) == offset)
    }
    for text in ["", "a1b2c3", "a1b2c3.", "a1b2c3.!", "A1b2c3.1", "a1b2c.1", "a1b2c3.-1", "a1b2c3.zzzzzzzzzzzzzzzzzz"] {
      #expect(RecoveryOffset(text) == nil, "\(text)")
    }
  }

  @Test("a log knows what came after an ordinal as long as its ring reaches back")
  func ring() {
    var log = DeliveryLog(capacity: 4)
    for seq in 1...6 { log.append(a, seq: Int64(seq)) }
    #expect(log.ordinal == 6)
    #expect(log.entries(after: 1) == nil)
    #expect(log.entries(after: 2)?.map(\.seq) == [3, 4, 5, 6])
    #expect(log.entries(after: 5)?.map(\.seq) == [6])
    #expect(log.entries(after: 6) == [])
  }

  @Test("batches follow each other without a hole, marks and all, and survive their bytes")
  func batches() throws {
    var log = DeliveryLog(capacity: 8)
    log.append(a, seq: 1)
    let first = log.takeBatch()
    #expect(first.previous == 0 && first.last == 1)
    let mark = log.mark()
    #expect(mark == 2 && !log.hasNews)
    log.append(b, seq: 9)
    let second = log.takeBatch()
    #expect(second.previous == 1 && second.last == 3)
    #expect(second.entries.map(\.seq) == [0, 9])
    #expect(DeliveryLog.Batch(second.bytes) == second)
    #expect(DeliveryLog.Batch(Array(second.bytes.dropLast())) == nil)
    // Overrun before it was taken: the hole shows in `previous`.
    for seq in 1...20 { log.append(a, seq: Int64(seq)) }
    #expect(log.takeBatch().previous == 15)
    #expect(log.retake(3).entries.map(\.seq) == [18, 19, 20])
  }

  private func session(_ rooms: RecoverableSession.Room...) -> RecoverableSession {
    RecoverableSession(socket: "0123456789abcdefghij", user: .v7(), rooms: rooms, names: ["lobby"], cutAt: 5)
  }

  @Test("a session is read as it was written")
  func record() {
    let session = session(
      .init(conversation: a, joined: 3, joinedSeq: 8, lastOrdinal: 10, lastSeq: 12),
      .init(conversation: b, joined: 4, joinedSeq: 0))
    #expect(RecoverableSession(session.bytes) == session)
    #expect(RecoverableSession(Array(session.bytes.dropLast())) == nil)
    #expect(RecoverableSession([]) == nil)
  }

  @Test("a quiet room is where it was when it was joined, whatever lies behind the log's reach")
  func quiet() {
    let session = session(.init(conversation: a, joined: 3, joinedSeq: 8))
    #expect(session.positions(at: 900, later: nil)?.map(\.seq) == [8])
    // Something older than the join was delivered last: to others.
    let rejoined = self.session(.init(conversation: a, joined: 30, joinedSeq: 8, lastOrdinal: 20, lastSeq: 7))
    #expect(rejoined.positions(at: 30, later: nil)?.map(\.seq) == [8])
  }

  @Test("of each room the first message after the offset is the first that is lacking")
  func interleaved() {
    var log = DeliveryLog()
    _ = log.mark()
    for seq in 1...5 {
      log.append(a, seq: Int64(seq))
      log.append(b, seq: Int64(seq + 100))
    }
    let session = session(
      .init(conversation: a, joined: 1, joinedSeq: 0, lastOrdinal: 10, lastSeq: 5),
      .init(conversation: b, joined: 1, joinedSeq: 100, lastOrdinal: 11, lastSeq: 105))
    for ordinal in UInt64(1)...11 {
      let positions = session.positions(at: ordinal, later: log.entries(after: ordinal))
      #expect(positions?.map(\.seq) == [Int64(ordinal / 2), 100 + Int64((ordinal - 1) / 2)], "\(ordinal)")
    }
  }

  @Test("what cannot be told for certain is not told")
  func uncertain() {
    let session = session(.init(conversation: a, joined: 5, joinedSeq: 2, lastOrdinal: 9, lastSeq: 6))
    // The client has not heard of the join, whether or not anything was delivered since.
    #expect(session.positions(at: 4, later: [.init(conversation: a, seq: 3)]) == nil)
    #expect(self.session(.init(conversation: a, joined: 5, joinedSeq: 2)).positions(at: 4, later: []) == nil)
    // The log does not reach back, or does not have what was delivered.
    #expect(session.positions(at: 7, later: nil) == nil)
    #expect(session.positions(at: 7, later: [.init(conversation: b, seq: 1)]) == nil)
    #expect(session.positions(at: 9, later: nil)?.map(\.seq) == [6])
  }
}
