import ChatKit
import JSON
import Logging
import Networking
import Postgres

extension Shard {
  /// Tells the others of a small room through the bus, and the reader's other devices at once.
  static func cursorWriter(
    store: PostgresPool, publisher: OutboxPublisher, emitter: RoomEmitter, encoding: EventEncoding, log: Log
  ) -> CursorWriter {
    let writer = CursorWriter(store: store, loop: store.loop) { told in
      publisher.publish(told.flatMap { $0.events.map { $0.busEvent(as: encoding) } })
      emitter.post(
        told.lazy.filter(\.isRead).map { told in
          emitter.emission("conversation:updated", to: AdapterChannel.userRoom(told.position.user)) { json in
            json.beginObject()
            told.position.writeFields(to: &json)
            json.field("userId", told.position.user)
            json.endObject()
          }
        })
    }
    writer.log = { log.error("the store refused a cursor", ["error": .reflecting($0)]) }
    return writer
  }
}
