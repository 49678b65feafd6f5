import Load
import Testing

@Suite("What was lost, repeated or out of order")
struct VerifierTests {
  /// Two rooms of two members each, all of whom have joined.
  private func verifier() -> Verifier {
    var verifier = Verifier(members: [2, 2])
    for member in 0..<2 {
      verifier.joined(member, room: 0, after: 0)
      verifier.joined(member, room: 1, after: 5)
    }
    return verifier
  }

  @Test("what reaches every member once and in order is right, whether answer or delivery comes first")
  func right() {
    var verifier = verifier()
    for seq in 1...3 {
      let number = verifier.number()
      if seq == 2 { verifier.answered(number, room: 0, seq: Int64(seq)) }
      let new1 = verifier.received(0, room: 0, number: number, seq: Int64(seq))
      #expect(new1)
      if seq != 2 { verifier.answered(number, room: 0, seq: Int64(seq)) }
      #expect(verifier.outstanding == 1)
      let new2 = verifier.received(1, room: 0, number: number, seq: Int64(seq))
      #expect(new2)
      #expect(verifier.outstanding == 0)
    }
    #expect(verifier.position(of: 0, in: 0) == 3)
    verifier.finish()
    #expect(verifier.faults.isNone && verifier.findings.isEmpty)
    #expect(verifier.answered == 3 && verifier.received == 6)
  }

  @Test("an answered message that one member lacks is lost for that one")
  func lost() {
    var verifier = verifier()
    let number = verifier.number()
    verifier.answered(number, room: 1, seq: 6)
    _ = verifier.received(0, room: 1, number: number, seq: 6)
    #expect(verifier.outstanding == 1)
    verifier.finish()
    #expect(verifier.faults == faults(lost: 1))
    #expect(verifier.findings == ["message 0, seq 6 of room 1, never reached users [1]"])
  }

  @Test("a message that nobody was promised may be missing, but not out of its place")
  func unanswered() {
    var verifier = verifier()
    let first = verifier.number()
    let second = verifier.number()
    // The first was not answered; it is in the log, and one member has not got it.
    _ = verifier.received(0, room: 0, number: first, seq: 1)
    _ = verifier.received(0, room: 0, number: second, seq: 2)
    _ = verifier.received(1, room: 0, number: second, seq: 2)
    verifier.answered(second, room: 0, seq: 2)
    verifier.finish()
    #expect(verifier.faults.isNone)
  }

  @Test("a hole that never fills is a loss, one that fills later is disorder")
  func holes() {
    var verifier = verifier()
    let numbers = (0..<3).map { _ in verifier.number() }
    for (place, number) in numbers.enumerated() { verifier.answered(number, room: 0, seq: Int64(place + 1)) }
    for member in 0..<2 {
      _ = verifier.received(member, room: 0, number: numbers[0], seq: 1)
      _ = verifier.received(member, room: 0, number: numbers[2], seq: 3)
    }
    let new3 = verifier.received(0, room: 0, number: numbers[1], seq: 2)
    #expect(new3)
    #expect(verifier.outstanding == 1)
    verifier.finish()
    #expect(verifier.faults == faults(lost: 1, misordered: 1))
  }

  @Test("what comes again is a duplicate, and counts once")
  func duplicates() {
    var verifier = verifier()
    let number = verifier.number()
    verifier.answered(number, room: 0, seq: 1)
    let new4 = verifier.received(0, room: 0, number: number, seq: 1)
    #expect(new4)
    let isNew = verifier.received(0, room: 0, number: number, seq: 1)
    #expect(!isNew)
    _ = verifier.received(1, room: 0, number: number, seq: 1)
    verifier.finish()
    #expect(verifier.faults == faults(duplicates: 1))
  }

  @Test("a seq is one message for all, and a message has one seq")
  func mismatches() {
    var verifier = verifier()
    let numbers = (0..<3).map { _ in verifier.number() }
    verifier.answered(numbers[0], room: 0, seq: 1)
    _ = verifier.received(0, room: 0, number: numbers[0], seq: 1)
    _ = verifier.received(1, room: 0, number: numbers[1], seq: 1)
    #expect(verifier.faults == faults(mismatched: 1))
    // Stored twice.
    _ = verifier.received(0, room: 0, number: numbers[0], seq: 2)
    #expect(verifier.faults == faults(mismatched: 2))
    _ = verifier.received(0, room: 0, number: 99, seq: 3)
    #expect(verifier.faults == faults(mismatched: 3))
    // Before the log of the run.
    verifier.answered(numbers[2], room: 1, seq: 3)
    #expect(verifier.faults == faults(mismatched: 4))
  }

  @Test("what comes by a resume counts, and so does what is read in the history")
  func resumes() {
    var verifier = verifier()
    let numbers = (0..<4).map { _ in verifier.number() }
    for (place, number) in numbers.enumerated() { verifier.answered(number, room: 0, seq: Int64(place + 1)) }
    for seq in 1...4 { _ = verifier.received(0, room: 0, number: numbers[seq - 1], seq: Int64(seq)) }
    // Member 1 was away after the first; live messages come while it reads the history.
    _ = verifier.received(1, room: 0, number: numbers[0], seq: 1)
    #expect(verifier.position(of: 1, in: 0) == 1)
    _ = verifier.received(1, room: 0, number: numbers[3], seq: 4)
    for seq in 2...4 { verifier.caughtUp(1, room: 0, number: numbers[seq - 1], seq: Int64(seq)) }
    #expect(verifier.outstanding == 0)
    verifier.finish()
    #expect(verifier.faults.isNone)
  }

  @Test("entries that are no messages of the run keep the order")
  func others() {
    var verifier = verifier()
    let new5 = verifier.received(0, room: 0, number: nil, seq: 1)
    #expect(new5)
    let number = verifier.number()
    verifier.answered(number, room: 0, seq: 2)
    for member in 0..<2 { _ = verifier.received(member, room: 0, number: number, seq: 2) }
    verifier.finish()
    #expect(verifier.faults.isNone)
  }

  private func faults(lost: Int = 0, duplicates: Int = 0, misordered: Int = 0, mismatched: Int = 0) -> Verifier.Faults {
    var faults = Verifier.Faults()
    faults.lost = lost
    faults.duplicates = duplicates
    faults.misordered = misordered
    faults.mismatched = mismatched
    return faults
  }
}

@Suite("Where a receiver stands")
struct ReceptionTests {
  @Test("holes are remembered, taken apart and closed")
  func holes() {
    var reception = Reception(after: 10)
    func receive(_ seq: Int64) -> Reception.Outcome { reception.receive(seq) }
    #expect(receive(11) == .inOrder)
    #expect(receive(16) == .early)
    #expect(reception.next == 17)
    #expect(reception.lacks(12) && reception.lacks(15) && reception.lacks(17) && !reception.lacks(16))
    #expect(receive(13) == .late)
    #expect(receive(13) == .repeated)
    #expect(reception.lacks(12) && reception.lacks(14) && !reception.lacks(13))
    for seq: Int64 in [12, 15, 14] { #expect(receive(seq) == .late) }
    #expect(!(11...16).contains { reception.lacks($0) })
    #expect(receive(17) == .inOrder)
    #expect(receive(11) == .repeated)
    #expect(receive(5) == .repeated)
  }
}
