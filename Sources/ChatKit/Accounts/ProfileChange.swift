/// What a user changes of their profile; nil leaves it as it is.
package struct ProfileChange: Sendable {
  package var displayName: String?
  /// The inner nil removes it.
  package var avatarURL: String??

  package init(displayName: String? = nil, avatarURL: String?? = nil) {
    self.displayName = displayName
    self.avatarURL = avatarURL
  }
}
