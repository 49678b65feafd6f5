/// Why something that was to be measured cannot be, or has not happened.
package struct LoadFailure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
