import JSON

/// Which tokens are accepted, apart from their signature.
package struct TokenPolicy: Sendable {
  /// Written as `iss`, and required.
  package var issuer: String?
  /// Written as `aud`, and required among those of the token. Without one, a token that is meant for somebody is refused
  /// (RFC 7519, 4.1.3).
  package var audience: String?
  /// How far the clocks of two nodes may differ, in seconds.
  package var leeway: Int64
  /// Bytes of a token; a longer one is refused before it is looked at.
  package var maximumLength: Int

  package init(issuer: String? = nil, audience: String? = nil, leeway: Int64 = 5, maximumLength: Int = 4096) {
    self.issuer = issuer
    self.audience = audience
    self.leeway = leeway
    self.maximumLength = maximumLength
  }

  /// Checks times, issuer and audience of a payload whose signature is right. `exp` is required.
  func check(_ payload: JSONValue, at time: Int64) throws(TokenError) {
    guard let expiresAt = seconds(payload, "exp", required: true) else {
      throw TokenError(.malformed, "it does not say when it expires")
    }
    // Differences, not sums: a token's numbers may be at the ends of what there is.
    guard !isAtOrBefore(expiresAt, time, later: leeway) else { throw TokenError(.expired, "it has expired") }
    for claim in ["nbf", "iat"] as [StaticString] where payload[claim] != nil {
      guard let start = seconds(payload, claim, required: false) else {
        throw TokenError(.malformed, "\(claim) is not a time")
      }
      guard isAtOrBefore(start, time, later: -leeway) else {
        throw TokenError(.notYetValid, "it is not valid yet; do the clocks agree?")
      }
    }
    if let issuer {
      guard payload["iss"]?.string == issuer else { throw TokenError(.wrongIssuer, "somebody else issued it") }
    }
    try checkAudience(payload["aud"])
  }

  private func checkAudience(_ claim: JSONValue?) throws(TokenError) {
    let isMeant: Bool
    switch (claim, audience) {
    case (nil, nil): isMeant = true
    case (let claim?, let audience?):
      isMeant = claim.string == audience || claim.array?.contains { $0.string == audience } == true
    default: isMeant = false
    }
    guard isMeant else { throw TokenError(.wrongAudience, "it is meant for somebody else") }
  }

  /// A NumericDate (RFC 7519, 2), which may have a fraction; whole seconds do here.
  private func seconds(_ payload: JSONValue, _ claim: StaticString, required: Bool) -> Int64? {
    guard let value = payload[claim] else { return nil }
    return value.int64 ?? value.double.flatMap { Int64(exactly: $0.rounded(.down)) }
  }

  /// Whether `moment + later <= time`.
  private func isAtOrBefore(_ moment: Int64, _ time: Int64, later: Int64) -> Bool {
    let (shifted, overflow) = moment.addingReportingOverflow(later)
    return overflow ? moment < 0 : shifted <= time
  }
}
