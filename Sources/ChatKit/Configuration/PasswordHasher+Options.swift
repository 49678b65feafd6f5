import Primitives

extension PasswordHasher {
  /// - Parameter threads: hashes at the same time; nil for what is configured.
  package convenience init(_ options: AccountOptions, threads: Int? = nil) {
    self.init(
      cost: Cost(
        memoryKiB: UInt32(options.passwordMemory.bytes >> 10), passes: UInt32(options.passwordPasses)),
      threads: threads ?? options.passwordThreads, queueLimit: options.passwordQueue)
  }
}
