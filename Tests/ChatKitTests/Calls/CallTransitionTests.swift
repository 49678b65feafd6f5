import Primitives
import Testing

@testable import ChatKit

@Suite("Transitions of a call")
struct CallTransitionTests {
  private static let people = (0..<5).map { UUID(high: 0x0000_0000_0000_7000, low: 0x8000_0000_0000_0000 + UInt64($0)) }
  private var ann: UUID { Self.people[0] }
  private var bob: UUID { Self.people[1] }
  private var eve: UUID { Self.people[2] }

  private func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_000_000 + seconds) }

  /// Ann calls the others at second 0; it rings until 45.
  private func ringing(_ users: [UUID], busy: [UUID] = []) throws -> (call: Call, changes: [Call.Change]) {
    var call = Call.begin(.v7(), in: .v7(), by: ann, media: .video, at: at(0))
    let changes = try call.apply(.ring(users, busy: busy, until: at(45)), at: at(0), most: 4)
    return (call, changes)
  }

  private func state(_ user: UUID, in call: Call) -> Call.Participant.State? { call.participant(user)?.state }

  @Test("one calls another, who accepts; either hangs up, and it was completed, with its duration")
  func answered() throws {
    var (call, changes) = try ringing([bob])
    #expect(changes == [Call.Change(.invited, [bob])])
    #expect(call.state == .ringing && call.version == 1 && call.deadline == at(45))
    #expect(call.participant(bob)?.ringingSince == at(0))
    #expect(try call.apply(.accept(bob), at: at(5), most: 4) == [Call.Change(.accepted, [bob])])
    #expect(call.state == .active && call.answeredAt == at(5) && call.deadline == nil && call.version == 2)
    // Said again, or too late, it changes nothing.
    #expect(try call.apply(.accept(bob), at: at(6), most: 4).isEmpty)
    #expect(try call.apply(.expire, at: at(60), most: 4).isEmpty)
    #expect(throws: Call.Refusal.joined) { try call.apply(.decline(bob), at: at(6), most: 4) }
    #expect(call.version == 2)
    #expect(
      try call.apply(.hangUp(ann), at: at(65), most: 4) == [Call.Change(.left, [ann]), Call.Change(.ended, [])])
    #expect(call.state == .ended && call.outcome == .completed && call.duration == .seconds(60))
    #expect(state(bob, in: call) == .left && call.participant(bob)?.leftAt == at(65))
    for action in [.hangUp(bob), .decline(bob), .expire, .lose(ann), .remove(bob)] as [Call.Action] {
      #expect(try call.apply(action, at: at(70), most: 4).isEmpty)
    }
    #expect(throws: Call.Refusal.over) { try call.apply(.accept(bob), at: at(70), most: 4) }
  }

  @Test("nobody answers: missed when the time is up, and not before; declined, cancelled, busy")
  func unanswered() throws {
    var (missed, _) = try ringing([bob])
    #expect(try missed.apply(.expire, at: at(44), most: 4).isEmpty)
    #expect(try missed.apply(.expire, at: at(45), most: 4) == [Call.Change(.missed, [bob]), Call.Change(.ended, [])])
    #expect(missed.outcome == .missed && missed.duration == nil && state(ann, in: missed) == .left)

    var (declined, _) = try ringing([bob])
    #expect(
      try declined.apply(.decline(bob), at: at(3), most: 4) == [Call.Change(.declined, [bob]), Call.Change(.ended, [])])
    #expect(declined.outcome == .declined && state(bob, in: declined) == .declined)

    var (cancelled, _) = try ringing([bob])
    let changes = try cancelled.apply(.hangUp(ann), at: at(3), most: 4)
    #expect(changes == [Call.Change(.left, [ann]), Call.Change(.missed, [bob]), Call.Change(.ended, [])])
    #expect(cancelled.outcome == .cancelled && state(bob, in: cancelled) == .missed)

    let (busy, said) = try ringing([], busy: [bob])
    #expect(said == [Call.Change(.busy, [bob]), Call.Change(.ended, [])])
    #expect(busy.outcome == .busy && busy.state == .ended && state(bob, in: busy) == .busy)
  }

  @Test("a group goes on while two are in it, or somebody is rung; who has left, or was not rung, comes in")
  func group() throws {
    let late = Self.people[3]
    var (call, _) = try ringing([bob, eve])
    #expect(try call.apply(.decline(eve), at: at(1), most: 4) == [Call.Change(.declined, [eve])])
    #expect(call.state == .ringing)
    _ = try call.apply(.accept(bob), at: at(2), most: 4)
    _ = try call.apply(.accept(late), at: at(3), most: 4)
    #expect(state(late, in: call) == .joined && call.participants.map(\.user) == call.participants.map(\.user).sorted())
    #expect(try call.apply(.hangUp(ann), at: at(4), most: 4) == [Call.Change(.left, [ann])])
    _ = try call.apply(.accept(ann), at: at(5), most: 4)
    #expect(state(ann, in: call) == .joined && call.participant(ann)?.leftAt == nil)
    // Rings again who declined; who is in it already is not rung.
    #expect(
      try call.apply(.ring([eve, bob], busy: [], until: at(50)), at: at(6), most: 4) == [Call.Change(.invited, [eve])])
    _ = try call.apply(.hangUp(ann), at: at(7), most: 4)
    _ = try call.apply(.hangUp(late), at: at(8), most: 4)
    #expect(call.state == .active && state(bob, in: call) == .joined)
    #expect(try call.apply(.expire, at: at(50), most: 4).last == Call.Change(.ended, []))
    #expect(call.outcome == .completed && call.answeredAt == at(2))
  }

  @Test("who has lost all connections leaves, and is rung all the same; who is removed is neither")
  func gone() throws {
    var (call, _) = try ringing([bob, eve])
    #expect(try call.apply(.lose(bob), at: at(1), most: 4).isEmpty)
    #expect(try call.apply(.remove(eve), at: at(1), most: 4) == [Call.Change(.missed, [eve])])
    _ = try call.apply(.accept(bob), at: at(2), most: 4)
    #expect(try call.apply(.lose(bob), at: at(9), most: 4) == [Call.Change(.left, [bob]), Call.Change(.ended, [])])
    #expect(call.outcome == .completed)
    var (alone, _) = try ringing([bob])
    #expect(try alone.apply(.lose(ann), at: at(9), most: 4).last == Call.Change(.ended, []))
    #expect(alone.outcome == .cancelled)
  }

  @Test("a call has at most so many; a stranger to it can neither decline nor hang up")
  func limits() throws {
    #expect(throws: Call.Refusal.full) {
      try ringing([Self.people[1], Self.people[2], Self.people[3], Self.people[4]])
    }
    var (call, _) = try ringing([bob, eve, Self.people[3]])
    #expect(throws: Call.Refusal.full) { try call.apply(.accept(Self.people[4]), at: at(1), most: 4) }
    #expect(throws: Call.Refusal.notInvited) { try call.apply(.decline(Self.people[4]), at: at(1), most: 4) }
    #expect(throws: Call.Refusal.notInvited) { try call.apply(.hangUp(Self.people[4]), at: at(1), most: 4) }
    #expect(try call.apply(.accept(bob), at: at(1), most: 4).count == 1)
  }

  /// Whatever is said in whatever order, a call that goes on has somebody in it and somebody to wait for.
  @Test("no order of actions leaves a call that never ends, or one that ended with somebody in it")
  func anyOrder() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var (call, _) = try ringing([bob, eve])
      for second in 1...20 {
        let user = Self.people[Int.random(in: 0..<4, using: &random)]
        let actions: [Call.Action] = [
          .accept(user), .decline(user), .hangUp(user), .lose(user), .remove(user), .expire,
          .ring([user], busy: [], until: at(Int64(second) + 5)),
        ]
        let version = call.version
        let changes =
          (try? call.apply(actions.randomElement(using: &random) ?? .expire, at: at(Int64(second)), most: 4)) ?? []
        #expect(call.version == version + (changes.isEmpty ? 0 : 1))
        let joined = call.participants.count { $0.state == .joined }
        let rung = call.participants.count { $0.state == .ringing }
        if call.state == .ended {
          #expect(joined + rung == 0 && call.outcome != nil && call.endedAt != nil)
          #expect((call.outcome == .completed) == (call.answeredAt != nil))
        } else {
          #expect(joined >= 2 || joined == 1 && rung > 0)
          #expect(rung == 0 || call.deadline != nil)
          #expect(joined + rung <= 4)
        }
      }
    }
  }
}
