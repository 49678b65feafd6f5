/// The figures of a page of metrics in Prometheus' text format, as far as a tool needs them: names, labels, values.
package struct ExpositionReader: Sendable {
  package struct Sample: Sendable, Equatable {
    package let labels: [String: String]
    package let value: Double
  }

  private var families: [String: [Sample]] = [:]

  /// Reads a page. A line that is none of the format is passed over: what can be read is.
  package init(_ page: String) {
    for line in page.utf8.split(separator: UInt8(ascii: "\n")) {
      guard line.first != UInt8(ascii: "#"), let (name, sample) = Self.read(Substring(line)) else { continue }
      families[name, default: []].append(sample)
    }
  }

  package func samples(_ name: String) -> [Sample] { families[name] ?? [] }

  /// All samples of a name together, or of those with such labels; nil where there is none.
  package func sum(_ name: String, where labels: [String: String] = [:]) -> Double? {
    let found = samples(name).filter { sample in labels.allSatisfy { sample.labels[$0.key] == $0.value } }
    return found.isEmpty ? nil : found.reduce(0) { $0 + $1.value }
  }

  /// A histogram's buckets, all its label sets together: the upper bound of each, and how many are not above it.
  package func buckets(_ name: String) -> [(bound: Double, count: Double)] {
    var counts: [Double: Double] = [:]
    for sample in samples("\(name)_bucket") {
      guard let text = sample.labels["le"], let bound = text == "+Inf" ? .infinity : Double(text) else { continue }
      counts[bound, default: 0] += sample.value
    }
    return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The value that a share of what came between two readings of a histogram does not exceed, as Prometheus has it: linear
  /// within its bucket. Nil where nothing came.
  package static func quantile(
    _ share: Double, _ before: [(bound: Double, count: Double)], _ after: [(bound: Double, count: Double)]
  ) -> Double? {
    let earlier = Dictionary(before.map { ($0.bound, $0.count) }) { first, _ in first }
    let counts = after.map { (bound: $0.bound, count: $0.count - (earlier[$0.bound] ?? 0)) }
    guard let total = counts.last?.count, total > 0 else { return nil }
    let rank = share * total
    var low = (bound: 0.0, count: 0.0)
    for bucket in counts {
      if bucket.count >= rank {
        guard bucket.bound.isFinite else { return low.bound }
        guard bucket.count > low.count else { return bucket.bound }
        return low.bound + (bucket.bound - low.bound) * (rank - low.count) / (bucket.count - low.count)
      }
      low = bucket
    }
    return low.bound
  }

  /// `name{label="value",…} 12.5 [time]`
  private static func read(_ line: Substring) -> (String, Sample)? {
    let text = line.utf8
    guard let end = text.firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: " ") }) else { return nil }
    let name = String(line[..<end])
    var labels: [String: String] = [:]
    var rest = line[end...]
    if rest.first == "{" {
      guard let after = readLabels(rest.dropFirst(), &labels) else { return nil }
      rest = after
    }
    guard let number = rest.split(separator: " ").first, let value = value(of: number) else { return nil }
    return (name, Sample(labels: labels, value: value))
  }

  private static func value(of text: Substring) -> Double? {
    switch text {
    case "+Inf": .infinity
    case "-Inf": -.infinity
    case "NaN": .nan
    default: Double(text)
    }
  }

  /// Reads up to the closing brace, and returns what is behind it.
  private static func readLabels(_ text: Substring, _ labels: inout [String: String]) -> Substring? {
    var rest = text
    while let first = rest.first, first != "}" {
      if first == "," {
        rest = rest.dropFirst()
        continue
      }
      guard let equals = rest.firstIndex(of: "=") else { return nil }
      let name = String(rest[..<equals])
      rest = rest[rest.index(after: equals)...]
      guard rest.first == "\"" else { return nil }
      rest = rest.dropFirst()
      var value = ""
      while let character = rest.popFirst(), character != "\"" {
        guard character == "\\" else {
          value.append(character)
          continue
        }
        guard let escaped = rest.popFirst() else { return nil }
        value.append(escaped == "n" ? "\n" : escaped)
      }
      labels[name] = value
    }
    return rest.isEmpty ? nil : rest.dropFirst()
  }
}
