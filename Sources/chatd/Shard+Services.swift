import ChatKit
import Logging
import Networking
import Postgres
import Redis

extension Shard {
  /// What a shard has for those parts of it that a role adds (`PresenceRole`, `InboxRole`).
  struct Services {
    let parts: Application.Parts
    let loop: EventLoop
    let pool: PostgresPool
    let redis: RedisClient
    let bus: any EventBus
    let publisher: OutboxPublisher
    let emitter: RoomEmitter
    let presence: PresenceStore
    let vault: MessageVault
    let metrics: ShardMetrics
    let log: Log
  }
}
