package import JSON

/// The acknowledgement that a client asked for with an event. Send it once, on the socket's loop, now or later; what
/// comes after the first, or after the socket's end, is dropped.
package final class Ack: @unchecked Sendable {
  private let socket: Socket
  private let id: UInt64
  private var isSent = false

  init(_ socket: Socket, id: UInt64) {
    self.socket = socket
    self.id = id
  }

  /// Answers with the values that `arguments` writes; a binary one with `JSONWriter.attachment(_:)`.
  package func send(attachments: [[UInt8]] = [], _ arguments: (inout JSONWriter) -> Void = { _ in }) {
    guard !isSent else { return }
    isSent = true
    var json = JSONWriter()
    json.beginArray()
    arguments(&json)
    json.endArray()
    json.withBytes { socket.acknowledge(id, json: $0, attachments: attachments) }
  }

  /// Answers with one argument that is JSON already.
  package func send(json value: [UInt8]) { send { $0.raw(value) } }
}
