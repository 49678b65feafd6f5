import ChatKit
import Logging
import Metrics
import Networking

extension Shard {
  /// Of the process, which these shards are; for the first of them, on its loop. The others ask it when they meet a key that
  /// they do not know.
  func keyWatch(_ encryption: Encryption, of shards: [Shard]) -> KeyWatch {
    let (log, loop) = (self.log, self.loop)
    let watch = KeyWatch(
      encryption.keys, master: encryption.master, findMaster: encryption.findMaster, pool: pool, loop: loop
    ) { keys in
      for shard in shards { _ = try? await shard.loop.submit { shard.vault.replace(keys) } }
      log.notice(
        "the keys of messages were read",
        [
          "active": .string(keys.active.map { "\($0)" } ?? "none"),
          "versions": .string(keys.versions.map { "\($0)" }.joined(separator: " ")),
        ])
    }
    watch.report = { log.warning("keys of messages cannot be used", ["error": .describing($0)]) }
    let refresh: @Sendable () async -> Void = { _ = try? await loop.submit { await watch.refresh() } }
    for shard in shards { shard.loop.execute { shard.vault.refresh = refresh } }
    return watch
  }
}

extension ShardMetrics {
  func watch(_ vault: MessageVault) {
    let bodies = owner.counter(
      "chatd_encrypted_bodies_total", "Bodies of encrypted conversations, by what became of them.",
      labels: ["outcome"])
    let sealed = bodies.with("sealed")
    let opened = bodies.with("opened")
    let keyUnavailable = bodies.with("key_unavailable")
    let decryptionFailed = bodies.with("decryption_failed")
    onSample { [unowned vault] in
      sealed.set(total: vault.counters.sealed)
      opened.set(total: vault.counters.opened)
      keyUnavailable.set(total: vault.counters.keyUnavailable)
      decryptionFailed.set(total: vault.counters.decryptionFailed)
    }
  }
}
