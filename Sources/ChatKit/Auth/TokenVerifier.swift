/// Verifies access tokens and remembers which it has found good, for a client sends the same one with each request: to
/// hash it and find it costs a tenth of its signature and claims.
///
/// Only what the key set has accepted is remembered, with its own bytes, and only within the times for which it was
/// accepted; whatever else comes is asked of the key set. The memory is a table of fixed size in which a token takes the
/// place that its hash (keyed, by process) says, whoever was there. One a loop; on that loop only.
package final class TokenVerifier: @unchecked Sendable {
  private struct Known {
    var token: [UInt8]
    var claims: AccessClaims
    /// In seconds since 1970. Before it nothing was checked: a clock may be set back.
    var verifiedAt: Int64
  }

  package private(set) var keys: SigningKeySet
  private var table: [Known?]
  /// How many were found without asking the key set.
  package private(set) var hits = 0

  /// - Parameter capacity: how many tokens are remembered at most; about 600 bytes each.
  package init(_ keys: SigningKeySet, capacity: Int = 1024) {
    self.keys = keys
    table = Array(repeating: nil, count: max(1, capacity))
  }

  /// Other keys from now on. What the former ones had accepted is forgotten.
  package func replace(_ keys: SigningKeySet) {
    self.keys = keys
    table = Array(repeating: nil, count: table.count)
  }

  /// The claims of a token that one of the keys has signed and that is valid at `time`, in seconds since 1970.
  package func verify(utf8 token: UnsafeRawBufferPointer, at time: Int64) throws(TokenError) -> AccessClaims {
    var hasher = Hasher()
    hasher.combine(bytes: token)
    let place = Int(UInt(bitPattern: hasher.finalize()) % UInt(table.count))
    if let known = table[place], time >= known.verifiedAt, time < known.claims.expiresAt,
      known.token.elementsEqual(token)
    {
      hits += 1
      return known.claims
    }
    let claims = try keys.verify(utf8: token, at: time)
    table[place] = Known(token: Array(token), claims: claims, verifiedAt: time)
    return claims
  }
}
