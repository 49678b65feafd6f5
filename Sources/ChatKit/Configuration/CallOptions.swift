import Commands

/// Calls and the servers that their media need.
package struct CallOptions: Sendable {
  package let ringTimeout: Duration
  package let grace: Duration
  package let maxParticipants: Int
  package let stunURIs: [String]
  package let turnURIs: [String]
  package let turnSecret: Secret
  package let turnLifetime: Duration

  init(_ settings: inout SettingReader) {
    settings.section("calls", "Calls", "Signalling of calls. Their media go between the clients.")
    ringTimeout = settings.value(
      "calls.ringTimeout", .duration(.seconds(1) ... .seconds(600)), default: .seconds(45),
      "How long somebody is rung before the call counts as missed.")
    grace = settings.value(
      "calls.grace", .duration(.seconds(1) ... .seconds(600)), default: .seconds(15),
      "How long a participant may be without any connection before they leave the call.")
    maxParticipants = settings.value(
      "calls.maxParticipants", .int(2...200), default: 32, "Who may be in a call, or rung by it, at once.")
    settings.section("calls.stun", "STUN", "Servers that tell clients how they can be reached.")
    stunURIs = settings.list(
      "calls.stun.uris", .iceServer(["stun", "stuns"]), atMost: 16, "STUN servers, as clients get them.")
    settings.section(
      "calls.turn", "TURN", "Servers that relay media, such as coturn with use-auth-secret. They know the same secret.")
    turnURIs = settings.list(
      "calls.turn.uris", .iceServer(["turn", "turns"]), atMost: 16,
      "TURN servers, as clients get them, with credentials that expire.")
    turnSecret = settings.secret(
      "calls.turn.secret", "The file with the secret that is shared with the TURN servers (their static-auth-secret).")
    turnLifetime = settings.value(
      "calls.turn.lifetime", .duration(.seconds(60) ... .seconds(7 * 86_400)), default: .seconds(12 * 3600),
      "How long the credentials are good for.")
  }

  /// What clients are told. Throws `ConfigurationError` where there are TURN servers and no secret.
  package func iceServers() throws(ConfigurationError) -> IceServers {
    let secret = try turnSecret.read()
    guard turnURIs.isEmpty || secret != nil else {
      throw ConfigurationError(
        .usage, "calls.turn.uris needs the secret that is shared with these servers",
        hint: "Put it into a file, and give --calls-turn-secret-file FILE.")
    }
    return IceServers(stun: stunURIs, turn: turnURIs, secret: secret, lifetime: turnLifetime)
  }
}

extension ValueType where Value == String {
  /// `stun:HOST[:PORT]` or `turn:HOST[:PORT][?transport=udp]` (RFC 7064, RFC 7065).
  fileprivate static func iceServer(_ schemes: [String]) -> ValueType {
    ValueType(
      metavariable: "URI", expectation: "a URI such as \(schemes[0]):\(schemes[0]).example:3478",
      parse: { text in
        guard let colon = text.firstIndex(of: ":"), schemes.contains(String(text[..<colon])) else { return nil }
        let rest = text[colon...].dropFirst()
        return rest.isEmpty || rest.hasPrefix("/") || rest.utf8.contains { $0 <= 0x20 || $0 > 0x7e || $0 == 0x2c }
          ? nil : text
      })
  }
}
