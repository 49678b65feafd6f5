import Primitives

/// When the last messages came by one loop: what `chatctl trace` asks for by the admin listener (`/hops`). In memory, a ring of so
/// many; what is older is forgotten. On the loop's thread only.
final class RecentHops: @unchecked Sendable {
  /// A message that was written to sockets.
  struct Delivery {
    let conversation: UUID
    let seq: Int64
    /// When a gateway has read it from the bus; nil of what was read from the store.
    let consumed: Timestamp?
    let delivered: Timestamp
    let receivers: Int
  }

  /// An event that the bus has acknowledged.
  struct Publication {
    let event: UUID
    let at: Timestamp
  }

  /// 4,096 of 64 bytes a loop.
  private static let limit = 4096

  private var deliveries: [Delivery] = []
  private var nextDelivery = 0
  private var publications: [Publication] = []
  private var nextPublication = 0

  func add(_ delivery: Delivery) {
    if deliveries.count < Self.limit {
      deliveries.append(delivery)
    } else {
      deliveries[nextDelivery] = delivery
      nextDelivery = (nextDelivery + 1) % Self.limit
    }
  }

  func add(_ publication: Publication) {
    if publications.count < Self.limit {
      publications.append(publication)
    } else {
      publications[nextPublication] = publication
      nextPublication = (nextPublication + 1) % Self.limit
    }
  }

  /// By looking at all: people ask rarely.
  func deliveries(of seq: Int64, in conversation: UUID) -> [Delivery] {
    deliveries.filter { $0.seq == seq && $0.conversation == conversation }
  }

  func publications(of event: UUID) -> [Publication] { publications.filter { $0.event == event } }
}
