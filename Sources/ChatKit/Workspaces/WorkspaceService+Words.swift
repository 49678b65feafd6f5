import JSON
import Postgres
import Primitives

/// What is not to be said in a workspace, besides what the server's filter has: the words of its own administrators.
extension WorkspaceService {
  /// Characters of an entry, with what stands behind it.
  package static let entryLimit = 200

  /// As they were given. Throws `ChatError` forbidden.
  package func words(for claims: AccessClaims) async throws -> [String] {
    let admin = try await accounts.administrator(claims)
    let rows = try await accounts.pool.query(
      "SELECT filter_words FROM workspaces WHERE id = $1", admin.workspaceId)
    let text = try rows.first?.decode(String.self) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// Each an entry of a `WordList`; they take the place of those that there were, everywhere within some seconds.
  /// Throws `ChatError` forbidden or invalidRequest.
  package func setWords(_ words: [String], by claims: AccessClaims) async throws {
    let admin = try await accounts.administrator(claims)
    guard words.count <= WordList.Limits.workspace.entries else {
      throw ChatError.invalid("words", "There are at most \(WordList.Limits.workspace.entries) entries.")
    }
    for (index, word) in words.enumerated()
    where word.contains(where: \.isNewline) || word.utf8.contains(0) || word.unicodeScalars.count > Self.entryLimit {
      throw ChatError.invalid("words[\(index)]", "An entry is one line of at most \(Self.entryLimit) characters.")
    }
    let text = words.joined(separator: "\n")
    let list: WordList
    do throws(WordList.Problem) {
      list = try WordList(parsing: text, limits: .workspace)
    } catch {
      throw ChatError.invalid(
        error.line > 0 ? "words[\(error.line - 1)]" : "words", "This is no list of words: \(error.reason).")
    }
    try await accounts.pool.transaction { transaction in
      _ = try await transaction.query(
        "UPDATE workspaces SET filter_words = $2 WHERE id = $1", admin.workspaceId, text)
      var json = JSONWriter()
      json.beginObject()
      json.field("entries", list.count)
      json.endObject()
      try await AuditLog.record(
        .wordsChanged, of: admin.workspaceId, in: admin.workspaceId, by: admin.id, details: json.bytes, transaction)
    }
  }
}
