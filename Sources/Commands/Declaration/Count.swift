/// A flag whose number counts: `-v`, `-vv`, `-v -v -v`.
package struct Count: ParameterKey {
  package let parameter: Parameter

  /// - Parameter most: more than this is wrong usage.
  package init(
    _ name: String, short: Character? = nil, most: Int = 3, help: String, group: String? = nil,
    environment: String? = nil, isHidden: Bool = false
  ) {
    parameter = Parameter(
      name: name, short: short, shape: .count(most: most), arity: .optional, schema: .count(0...most), help: help,
      group: group, environment: environment, defaultText: nil, deprecatedNames: [], isHidden: isHidden)
  }

  package func value(of texts: [String]?) -> Int? {
    guard let texts else { return 0 }
    return texts.last.flatMap { Int($0) }
  }
}
