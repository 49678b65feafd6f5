/// What is looked at with each message: what was decided for its workspace.
package struct WorkspacePolicy: Sendable {
  /// How many messages all its users together may send.
  package var sends: Rate?
  /// Whether the server's words and webhook are for its messages.
  package var isFiltered = true
  /// Its own; those of its administrators.
  package var words = WordList.empty

  package init() {}
}
