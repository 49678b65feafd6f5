/// A group of settings: a mapping in the file, a heading in help and reference.
package struct SettingSection: Sendable {
  /// `http`; empty at the top.
  package let path: String
  package let title: String
  /// One or two sentences for the reference.
  package let text: String
}
