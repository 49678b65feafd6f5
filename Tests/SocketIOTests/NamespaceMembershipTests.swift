import Testing

@testable import SocketIO

@Suite("Membership of a namespace")
struct NamespaceMembershipTests {
  @Test("decides what each packet means in each state")
  func table() {
    let absent = NamespaceMembership.absent
    #expect(absent.receiving(.connect) == .connect)
    #expect(absent.receiving(.event) == .violation(.notConnected))
    #expect(absent.receiving(.ack) == .violation(.notConnected))
    #expect(absent.receiving(.disconnect) == .violation(.notConnected))
    let connecting = NamespaceMembership.connecting
    #expect(connecting.receiving(.connect) == .violation(.alreadyConnected))
    #expect(connecting.receiving(.event) == .hold)
    #expect(connecting.receiving(.ack) == .hold)
    #expect(connecting.receiving(.disconnect) == .leave)
    let connected = NamespaceMembership.connected
    #expect(connected.receiving(.connect) == .violation(.alreadyConnected))
    #expect(connected.receiving(.event) == .deliver)
    #expect(connected.receiving(.ack) == .deliver)
    #expect(connected.receiving(.disconnect) == .leave)
    for state in [absent, connecting, connected] {
      #expect(state.receiving(.connectError) == .violation(.badPayload))
    }
  }
}
