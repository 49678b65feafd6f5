import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/push/devices`: where a user is notified while offline.
struct PushRoutes: Sendable {
  let devices: PushDevices

  func add(to router: Router) {
    let list = Operation("listPushDevices", "List one's devices", tag: "Push")
      .answer(.ok, .object(.required("devices", .array(.pushDevice))))
    router.get("/api/push/devices", list) { _, context in
      let found = try await devices.list(of: try context.claims().user)
      return .json(.ok) { json in
        json.beginObject()
        json.key("devices")
        json.beginArray()
        for device in found { device.write(to: &json) }
        json.endArray()
        json.endObject()
      }
    }
    let id = Schema.string(length: 1...128, pattern: "^[!-~]{1,128}$")
    let put = Operation("putPushDevice", "Register a device, or change its token", tag: "Push")
      .path("id", id, "The device's own name for itself.")
      .body(
        .object(
          .required("platform", .string(length: 1...32), "What the token is of: `apns`, `fcm`, `web` …"),
          .required("token", .string(length: 1...4096), "By which the platform knows the device."))
      )
      .answer(.noContent).problems(.conflict)
    router.put("/api/push/devices/:id", put) { request, context in
      let body = try Payload(request)
      try await devices.put(
        try device(context), platform: try body.string("platform"),
        token: try body.string("token"), of: try context.claims().user)
      return HTTPResponse(status: .noContent)
    }
    let delete = Operation("deletePushDevice", "Forget a device", tag: "Push")
      .path("id", id, "The device's own name for itself.").answer(.noContent)
    router.delete("/api/push/devices/:id", delete) { _, context in
      try await devices.delete([try device(context)], of: try context.claims().user)
      return HTTPResponse(status: .noContent)
    }
  }
  /// The device's name in the path. Throws `ChatError` invalidRequest.
  private func device(_ context: RequestContext) throws -> String {
    let id = context.parameter("id") ?? ""
    guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw ChatError.invalid("id", "A device's name is 1 to 128 characters of ASCII, without spaces.")
    }
    return id
  }
}
