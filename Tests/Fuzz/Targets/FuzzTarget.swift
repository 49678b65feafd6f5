// Targets for fuzzing: each takes bytes, gives them to a decoder of what comes from outside, and demands more than that
// it survives. A property that does not hold traps, which a fuzzer takes for a crash.
//
// `Driver` runs one target under libFuzzer (`make fuzz`); FuzzTests replays the seeds, and mutations of them, with the
// other tests. docs/FUZZING.md says what has been found.

/// One decoder with what must hold of it.
package enum FuzzTarget: String, CaseIterable, Sendable {
  case http, websocket, engineio, socketio, json, messagepack, yaml

  package func run(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .http: HTTPFuzz.run(bytes)
    case .websocket: WebSocketFuzz.run(bytes)
    case .engineio: EngineIOFuzz.run(bytes)
    case .socketio: SocketIOFuzz.run(bytes)
    case .json: JSONFuzz.run(bytes)
    case .messagepack: MessagePackFuzz.run(bytes)
    case .yaml: YAMLFuzz.run(bytes)
    }
  }
}

/// Traps when a property does not hold, in every build.
func demand(_ condition: Bool, _ property: @autoclosure () -> String) {
  if !condition { fatalError(property()) }
}

/// The places at which an input is cut, made from some of its bytes.
struct Cuts {
  private var state: UInt64

  init(_ seed: UInt8) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1 }

  /// Calls `body` with the parts in their order.
  mutating func forEachPart(of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
    var start = 0
    while start < bytes.count {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Mostly small ones, some large.
      let size = Int(state >> 61 == 0 ? state >> 40 & 0xff : state >> 40 & 7) + 1
      let end = min(start + size, bytes.count)
      body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      start = end
    }
  }
}
