import Commands
package import Networking

/// How much anybody may do in a time.
package struct LimitOptions: Sendable {
  /// The limits of one kind of call; nil for none.
  package struct Pair: Sendable {
    package let user: Rate?
    package let address: Rate?
  }

  package let enabled: Bool
  package let whenUnavailable: LimitFallback
  package let patience: Duration
  package let exempt: [IPNetwork]
  package let logins: Pair
  package let reads: Pair
  package let writes: Pair
  package let sends: Pair
  package let searches: Pair
  package let events: Pair
  package let connects: Pair

  init(_ settings: inout SettingReader) {
    settings.section(
      "limits", "Limits",
      "How much one user and one address may do in a time, counted in Redis for all processes together. A limit is COUNT/DURATION, "
        + "over a window that slides, or 'none'. Beyond: 429 and 'rate_limited', with Retry-After.")
    enabled = settings.flag("limits.enabled", default: true, "Whether there are limits at all.")
    whenUnavailable = settings.value(
      "limits.whenUnavailable", .choice("WHAT"), default: .local,
      "What goes while Redis is away: 'allow' everything, 'deny' with 503, or what the 'local' count of each loop allows."
    )
    patience = settings.value(
      "limits.patience", .duration(.milliseconds(10) ... .seconds(10)), default: .milliseconds(250),
      "How long Redis may take to answer before it counts as away.")
    let loopback = ["127.0.0.0/8", "::1"].compactMap { IPNetwork($0) }
    exempt = settings.list(
      "limits.exempt", .network, default: loopback,
      "Addresses without limits of their own, such as those of proxies; the limits of users hold for them too.")
    func pair(_ name: String, user: Rate?, address: Rate?, _ what: String) -> Pair {
      Pair(
        user: settings.value("limits.user\(name)", .rate, default: RateLimit(user), "\(what), of one user.").rate,
        address: settings.value(
          "limits.address\(name)", .rate, default: RateLimit(address), "\(what), of one address."
        ).rate)
    }
    let minute = Duration.seconds(60)
    logins = pair(
      "Logins", user: Rate(60, per: minute), address: Rate(600, per: minute),
      "Registering, logging in, refreshing and changing a password")
    reads = pair("Reads", user: Rate(6000, per: minute), address: Rate(60_000, per: minute), "Reading")
    writes = pair(
      "Writes", user: Rate(1200, per: minute), address: Rate(12_000, per: minute),
      "Changing something, but for messages")
    sends = pair(
      "Sends", user: Rate(1200, per: minute), address: Rate(12_000, per: minute),
      "Sending messages, over HTTP and sockets together")
    searches = pair("Searches", user: Rate(300, per: minute), address: Rate(3000, per: minute), "Searching")
    events = pair(
      "Events", user: Rate(6000, per: minute), address: nil, "What a socket says, but for messages")
    connects = pair("Connects", user: Rate(600, per: minute), address: Rate(6000, per: minute), "Connecting sockets")
  }
}

/// A rate, or none.
package struct RateLimit: Equatable, Sendable, CustomStringConvertible {
  package let rate: Rate?

  package init(_ rate: Rate?) { self.rate = rate }

  package var description: String { rate?.description ?? "none" }
}

extension ValueType where Value == RateLimit {
  /// `COUNT/DURATION` or `none`.
  static var rate: ValueType {
    ValueType(
      metavariable: "RATE", expectation: "COUNT/DURATION, for example 600/1m, of 1s to 24h; or 'none'",
      parse: { $0 == "none" ? RateLimit(nil) : Rate($0).map { RateLimit($0) } })
  }
}
