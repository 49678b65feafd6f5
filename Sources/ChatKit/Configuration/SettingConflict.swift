/// Settings whose values cannot go together.
package struct SettingConflict: Sendable, Equatable {
  package let paths: [String]
  /// Why, in a few words.
  package let reason: String
}
