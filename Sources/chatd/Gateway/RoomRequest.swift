import ChatKit
import JSON

/// What another server asks on the adapter's request channel.
struct RoomRequest {
  struct Selection {
    var rooms: [String]
    var except: [String]
  }

  var uid: String
  var kind: AdapterRequest.Kind
  var selection: Selection
  var rooms: [String]
  /// Of `disconnect`: close the transport too.
  var closes: Bool

  init?(_ root: JSONValue) {
    guard let kind = root["type"]?.int64.flatMap({ AdapterRequest.Kind(rawValue: Int($0)) }) else { return nil }
    self.kind = kind
    uid = root["uid"]?.string ?? ""
    rooms = Self.strings(root["rooms"])
    selection = Selection(rooms: Self.strings(root["opts"]?["rooms"]), except: Self.strings(root["opts"]?["except"]))
    closes = root["close"]?.bool ?? false
  }

  private static func strings(_ value: JSONValue?) -> [String] {
    guard let array = value?.array else { return [] }
    return array.compactMap(\.string)
  }
}
