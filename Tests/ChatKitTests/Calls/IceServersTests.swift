import JSON
import Primitives
import Testing

@testable import ChatKit

@Suite("STUN and TURN")
struct IceServersTests {
  @Test("HMAC-SHA1 is that of RFC 2202")
  func knownAnswers() {
    let first = IceServers.hmac([UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8))
    #expect(Hex.encode(first) == "b617318655057264e28bc0b6fb378c8ef146be00")
    let second = IceServers.hmac(Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
    #expect(Hex.encode(second) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    let long = IceServers.hmac(
      [UInt8](repeating: 0xaa, count: 80), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
    #expect(Hex.encode(long) == "aa4ae5e15272d00e95705637ce8a3b55ed402112")
  }

  @Test("credentials name when they end and whose they are; without a secret there is no TURN")
  func credentials() throws {
    let user = UUID.v7()
    let servers = IceServers(
      stun: ["stun:a.example"], turn: ["turn:b.example:3478"], secret: "north", lifetime: .seconds(600))
    let found = servers.credentials(for: user, at: Timestamp(seconds: 1000))
    #expect(found.username == "1600:\(user)")
    #expect(
      found.credential
        == Base64.standard.encode(IceServers.hmac(Array("north".utf8), Array("1600:\(user)".utf8))))
    var json = JSONWriter()
    servers.write(to: &json, for: user, at: Timestamp(seconds: 1000))
    let root = try JSONDocument(parsing: json.bytes).root
    #expect(root["ttl"]?.int == 600 && root["iceServers"]?.count == 2)
    #expect(root["iceServers"]?[0]?["urls"]?[0]?.string == "stun:a.example")
    #expect(root["iceServers"]?[0]?["username"] == nil)
    #expect(root["iceServers"]?[1]?["credential"]?.string == found.credential)
    var without = JSONWriter()
    IceServers(stun: [], turn: ["turn:b.example"], secret: nil, lifetime: .seconds(60)).write(to: &without, for: user)
    #expect(try JSONDocument(parsing: without.bytes).root["iceServers"]?.count == 0)
  }

  @Test("a burst of signals passes, and then so many a second, of each user")
  func meter() {
    var time: UInt64 = 1
    var meter = SignalMeter { time }
    let (ann, bob) = (UUID.v7(), UUID.v7())
    let first = (0..<SignalMeter.burst + 50).count { _ in meter.admits(ann) }
    #expect(first == SignalMeter.burst)
    let isOtherAdmitted = meter.admits(bob)
    #expect(isOtherAdmitted)
    time += 1_000_000_000
    let second = (0..<SignalMeter.burst).count { _ in meter.admits(ann) }
    #expect(second == SignalMeter.perSecond)
  }
}
