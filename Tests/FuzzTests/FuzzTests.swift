import FuzzTargets
import Glibc
import Testing

/// The fuzzers' properties over their seeds, what they have found once, and mutations of both: quick, and without
/// libFuzzer. What does not hold ends the process and names the property.
@Suite("What comes from outside")
struct FuzzTests {
  @Test(
    "holds what the fuzzers demand, for every seed and a few thousand mutations of them", arguments: FuzzTarget.allCases
  )
  func seeds(target: FuzzTarget) throws {
    let seeds = Self.seeds(of: target)
    #expect(seeds.count >= 3, "there are no seeds in \(Self.folder)/\(target.rawValue)")
    for seed in seeds { seed.withUnsafeBytes { target.run($0) } }
    var random = Generator(state: 0x5eed)
    for round in 0..<4000 {
      let mutant = random.mutate(seeds[round % seeds.count], seeds)
      mutant.withUnsafeBytes { target.run($0) }
    }
  }

  private static let folder =
    #filePath.split(separator: "/").dropLast(2).reduce(into: "") { $0 += "/\($1)" } + "/Fuzz/Seeds"

  private static func seeds(of target: FuzzTarget) -> [[UInt8]] {
    let path = "\(folder)/\(target.rawValue)"
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted().compactMap { name in
      guard let file = fopen("\(path)/\(name)", "r") else { return nil }
      defer { fclose(file) }
      var bytes = [UInt8](repeating: 0, count: 1 << 20)
      let count = fread(&bytes, 1, bytes.count, file)
      return Array(bytes.prefix(count))
    }
  }
}

/// Always the same sequence, so that what fails fails again.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }

  mutating func mutate(_ seed: [UInt8], _ others: [[UInt8]]) -> [UInt8] {
    var bytes = seed
    for _ in 0..<Int.random(in: 1...4, using: &self) {
      let place = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &self)
      switch Int.random(in: 0..<6, using: &self) {
      case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
      case 1 where !bytes.isEmpty: bytes[place] = UInt8.random(in: 0...255, using: &self)
      case 2: bytes.insert(bytes.isEmpty ? 0 : bytes[Int.random(in: 0..<bytes.count, using: &self)], at: place)
      case 3 where !bytes.isEmpty: bytes.removeSubrange(place..<min(bytes.count, place + 1 + place % 5))
      case 4: bytes.removeLast(bytes.count - place)
      default:
        let other = others[Int.random(in: 0..<others.count, using: &self)]
        let start = other.isEmpty ? 0 : Int.random(in: 0..<other.count, using: &self)
        bytes.insert(contentsOf: other[start..<min(other.count, start + 20)], at: place)
      }
    }
    return bytes
  }
}
