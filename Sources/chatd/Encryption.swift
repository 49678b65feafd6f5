import ChatKit
import Networking
import Postgres

/// What a process begins with: the master key, if there is one, and what it unwraps.
struct Encryption: Sendable {
  let master: MasterKey?
  let keys: MessageKeys
  /// Looks for the master key again: an operator may make the first key while this process runs without one.
  let findMaster: @Sendable () throws -> MasterKey?

  /// Reads the keys. Where encryption is on and there never was a key, the first one is made, and with it a master key unless
  /// a file was named for it.
  ///
  /// Throws `ConfigurationError` and `KeyError`: a master key that is not that of the keys, or none where one is needed, ends
  /// the start, for messages would come back unreadable.
  static func load(
    _ options: Options, secrets: Secrets, postgres: PostgresConfiguration, loop: EventLoop
  ) async throws -> Encryption {
    var configuration = postgres
    configuration.poolSize = 1
    configuration.applicationName = "chatd keys"
    let pool = PostgresPool(configuration, loop: loop)
    do {
      let encryption = try await load(options, secrets, pool)
      await pool.close()
      return encryption
    } catch {
      await pool.close()
      throw error
    }
  }

  private static func load(_ options: Options, _ secrets: Secrets, _ pool: PostgresPool) async throws -> Encryption {
    let isOn = options.encryption.mode != .off
    let named = options.encryption
    let findMaster: @Sendable () throws -> MasterKey? = {
      try named.namedMasterKey() ?? secrets.masterKey(isMade: false)
    }
    let records = try await MessageKeyRecord.all(pool)
    // A new one would not open the keys that there are.
    let master = try options.encryption.namedMasterKey() ?? secrets.masterKey(isMade: isOn && records.isEmpty)
    if isOn, records.isEmpty { try await KeyRing(pool, master: master).addFirst() }
    guard isOn || master != nil else {
      // Nothing is encrypted here, and what others have encrypted is answered as unreadable.
      var problems: [KeyError] = []
      return Encryption(
        master: nil, keys: MessageKeys(records, master: nil, problems: &problems), findMaster: findMaster)
    }
    return Encryption(master: master, keys: try await KeyRing.load(pool, master: master), findMaster: findMaster)
  }
}
