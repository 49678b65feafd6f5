package import Primitives

extension ValueType where Value == Int {
  /// A whole number.
  /// - Parameter unit: what it counts, such as `connections`.
  package static func int(_ range: ClosedRange<Int>, unit: String? = nil) -> ValueType {
    let what = unit.map { "a number of \($0)" } ?? "a number"
    let bounds =
      switch (range.lowerBound, range.upperBound) {
      case (.min, .max): ""
      case (_, .max): ", \(range.lowerBound) or more"
      case (.min, _): ", at most \(range.upperBound)"
      default: " from \(range.lowerBound) to \(range.upperBound)"
      }
    return ValueType(
      .integer, metavariable: "N", expectation: what + bounds,
      minimum: range.lowerBound == .min ? nil : "\(range.lowerBound)",
      maximum: range.upperBound == .max ? nil : "\(range.upperBound)", unit: unit,
      parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } })
  }

  package static func int(_ range: PartialRangeFrom<Int>, unit: String? = nil) -> ValueType {
    int(range.lowerBound ... .max, unit: unit)
  }

  package static var int: ValueType { int(.min ... .max) }
}

extension ValueType where Value == Double {
  /// A number, fractions and exponents included; never infinite and never NaN.
  package static func double(_ range: ClosedRange<Double>, unit: String? = nil) -> ValueType {
    let what = unit.map { "a number of \($0)" } ?? "a number"
    return ValueType(
      .number, metavariable: "NUMBER", expectation: "\(what) from \(range.lowerBound) to \(range.upperBound)",
      minimum: "\(range.lowerBound)", maximum: "\(range.upperBound)", unit: unit,
      parse: { text in
        guard let number = Double(text), number.isFinite, range.contains(number) else { return nil }
        return number
      })
  }
}

extension ValueType where Value == Duration {
  /// A span of time with its unit.
  package static func duration(_ range: ClosedRange<Duration>) -> ValueType {
    duration(
      range, " from \(range.lowerBound.text) to \(range.upperBound.text)", range.lowerBound.text,
      range.upperBound.text)
  }

  package static var duration: ValueType { duration(.zero ... .seconds(Int64.max / 2), "", nil, nil) }

  private static func duration(
    _ range: ClosedRange<Duration>, _ bounds: String, _ minimum: String?, _ maximum: String?
  ) -> ValueType {
    let examples: [Duration] = [.seconds(30), .milliseconds(500), .seconds(300), range.lowerBound]
    let example = (examples.first { range.contains($0) } ?? range.lowerBound).text
    return ValueType(
      .duration, metavariable: "DURATION", expectation: "a duration\(bounds), for example \(example)",
      minimum: minimum, maximum: maximum,
      parse: { Duration(text: $0).flatMap { range.contains($0) ? $0 : nil } }, render: { $0.text })
  }
}

extension ValueType where Value == ByteCount {
  /// A size with its unit.
  package static func size(_ range: ClosedRange<ByteCount>) -> ValueType {
    let examples: [ByteCount] = [.kibibytes(16), .mebibytes(16), range.lowerBound]
    let example = examples.first { range.contains($0) } ?? range.lowerBound
    return ValueType(
      .size, metavariable: "SIZE",
      expectation: "a size from \(range.lowerBound) to \(range.upperBound), for example \(example)",
      minimum: "\(range.lowerBound)", maximum: "\(range.upperBound)",
      parse: { ByteCount(text: $0).flatMap { range.contains($0) ? $0 : nil } })
  }

  package static var size: ValueType {
    ValueType(
      .size, metavariable: "SIZE", expectation: "a size, for example 16KiB", parse: { ByteCount(text: $0) })
  }
}
