/// Looks up values while somebody types. What it cannot have in a moment it leaves out; an error is no candidate.
package typealias Completer = @Sendable (CompletionRequest) async -> [Candidate]
