import Networking

/// The compression of one loop: what its connections without context takeover share. On the loop only.
final class CompressionPool {
  /// What a compressor must be like to serve a connection.
  struct Key: Hashable {
    var windowBits: Int
    var level: Int
    var memoryLevel: Int

    func make() -> Deflater? {
      Deflater(.raw, windowBits: windowBits, level: level, memoryLevel: memoryLevel)
    }
  }

  /// A shared frame that this tick has compressed. Keeping `source` keeps its address from being used again.
  private struct Shared {
    let source: [UInt8]
    let key: Key
    let frame: [UInt8]
  }

  private unowned let loop: EventLoop?
  private var deflaters: [Key: Deflater] = [:]
  private var inflaters: [Int: [Inflater]] = [:]
  private var shared: [Shared] = []
  /// What a compressor writes to; valid until the next message.
  var output = GatheredBytes()

  /// Memory that `output` keeps from one message to the next.
  static let outputKept = 64 << 10
  /// Decompressors of a size that are kept: as many as messages arrive in parts at a time, usually.
  private static let inflatersKept = 8
  private static let sharedKept = 16

  /// Without a loop nothing is remembered of shared frames: for tests of the machines.
  init(loop: EventLoop? = nil) { self.loop = loop }

  static func of(_ loop: EventLoop) -> CompressionPool { loop.local { CompressionPool(loop: loop) } }

  /// A compressor that has forgotten what it has seen. Use it at once, for one message.
  func deflater(_ key: Key) -> Deflater? {
    if let deflater = deflaters[key] {
      deflater.reset()
      return deflater
    }
    let made = key.make()
    deflaters[key] = made
    return made
  }

  /// A decompressor for one message, to be given back.
  func takeInflater(windowBits: Int) -> Inflater? {
    if let inflater = inflaters[windowBits]?.popLast() {
      inflater.reset()
      return inflater
    }
    return Inflater(windowBits: windowBits)
  }

  func give(_ inflater: Inflater, windowBits: Int) {
    guard inflaters[windowBits]?.count ?? 0 < Self.inflatersKept else { return }
    inflaters[windowBits, default: []].append(inflater)
  }

  /// The compressed form of a frame that goes to many: made when the first asks and kept for the rest of the tick.
  func frame(for source: [UInt8], _ key: Key, make: () -> [UInt8]) -> [UInt8] {
    let address = source.withUnsafeBytes { $0.baseAddress }
    for entry in shared where entry.key == key {
      if entry.source.withUnsafeBytes({ $0.baseAddress }) == address { return entry.frame }
    }
    let frame = make()
    guard let loop else { return frame }
    if shared.isEmpty { loop.atTickEnd { [self] in shared.removeAll(keepingCapacity: true) } }
    if shared.count < Self.sharedKept { shared.append(Shared(source: source, key: key, frame: frame)) }
    return frame
  }
}
