/// A limit that something is to be counted in.
package struct LimitDemand: Sendable {
  package let key: LimitKey
  package let rate: Rate

  package init(_ key: LimitKey, _ rate: Rate) {
    self.key = key
    self.rate = rate
  }
}

/// What is left of a limit, as its owner may know it.
package struct LimitQuota: Equatable, Sendable {
  package let rate: Rate
  /// How many more are allowed now.
  package let remaining: Int
  /// Seconds until the present window ends, and what was done in it begins to count less.
  package let reset: Int
}

/// Whether something may be done.
package enum LimitVerdict: Equatable, Sendable {
  /// With what is left of the limit that is closest.
  case granted(LimitQuota)
  /// A limit is reached; in so many seconds one more is allowed.
  case refused(LimitQuota, subject: LimitKey.Subject, retryAfter: Int)
  /// Nothing is counted: there is no limit, or Redis is away and the settings say so.
  case unlimited
  /// Redis is away, and the settings say that nothing goes without it.
  case unavailable
}

/// What goes while Redis cannot be asked.
package enum LimitFallback: String, Sendable, CaseIterable {
  /// Everything.
  case allow
  /// Nothing that has a limit.
  case deny
  /// What each loop's own count allows.
  case local
}
