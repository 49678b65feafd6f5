import Primitives

/// An Argon2id hash as it is stored, in the PHC string format:
/// `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, both in base 64 without padding.
struct PasswordHash {
  let cost: PasswordHasher.Cost
  let salt: [UInt8]
  let hash: [UInt8]

  /// nil for anything else, and for costs beyond 1 GiB, 16 passes or 16 lanes: a stored hash must not be able to take the
  /// machine's memory.
  init?(_ encoded: String) {
    let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19" else { return nil }
    let costs = parts[3].split(separator: ",", omittingEmptySubsequences: false)
    guard costs.count == 3, let memory = PasswordHash.number(costs[0], "m="),
      let passes = PasswordHash.number(costs[1], "t="), let lanes = PasswordHash.number(costs[2], "p="),
      (8...1 << 20).contains(memory), (1...16).contains(passes), (1...16).contains(lanes),
      let salt = PasswordHash.decode(parts[4]), let hash = PasswordHash.decode(parts[5]), salt.count >= 8,
      hash.count >= 12
    else { return nil }
    cost = PasswordHasher.Cost(memoryKiB: memory, passes: passes, lanes: lanes)
    self.salt = salt
    self.hash = hash
  }

  private static func number(_ text: Substring, _ name: String) -> UInt32? {
    text.hasPrefix(name) ? UInt32(text.dropFirst(name.count)) : nil
  }

  private static func decode(_ text: Substring) -> [UInt8]? {
    Base64.standard.decode(text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
  }
}
