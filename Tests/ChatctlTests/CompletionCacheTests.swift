import Commands
import TestSupport
import Testing

@testable import chatctl

@Suite("Words that were offered before")
struct CompletionCacheTests {
  private func words(_ cache: CompletionCache, _ prefix: String = "") -> [String] {
    cache.candidates(beginningWith: prefix).map(\.value)
  }

  @Test("what was said is offered again by its beginning, with what it is")
  func remembered() throws {
    let cache = try #require(
      CompletionCache(kind: "user", place: ["a"], folder: "\(try TemporaryFolder.make())/new/folder"))
    #expect(words(cache).isEmpty)
    cache.remember([Candidate("ann", "Ann"), Candidate("bob")], beginningWith: "", isWhole: true)
    #expect(words(cache) == ["ann", "bob"])
    #expect(cache.candidates(beginningWith: "a") == [Candidate("ann", "Ann")])
  }

  @Test("who has gone is offered no more, as far as all of a beginning was said")
  func forgotten() throws {
    let cache = try #require(CompletionCache(kind: "user", place: [], folder: try TemporaryFolder.make()))
    cache.remember([Candidate("ann"), Candidate("anton"), Candidate("bob")], beginningWith: "", isWhole: true)
    cache.remember([Candidate("anna")], beginningWith: "an", isWhole: true)
    #expect(words(cache).sorted() == ["anna", "bob"])
    cache.remember([Candidate("carl")], beginningWith: "", isWhole: false)
    #expect(words(cache).sorted() == ["anna", "bob", "carl"])
  }

  @Test("installations, kinds and workspaces do not share a file; its name tells nobody which they are")
  func apart() throws {
    let folder = try TemporaryFolder.make()
    let paths = [("user", ["host=db1"]), ("user", ["host=db2"]), ("room", ["host=db1"]), ("user", ["host=db1", "b"])]
      .compactMap { CompletionCache(kind: $0.0, place: $0.1, folder: folder)?.path }
    #expect(Set(paths).count == 4)
    #expect(paths.allSatisfy { !$0.contains("db") })
  }

  @Test("a file that cannot be written is nobody's concern")
  func unwritable() throws {
    let cache = try #require(CompletionCache(kind: "user", place: [], folder: "/proc/none"))
    cache.remember([Candidate("ann")], beginningWith: "", isWhole: true)
    #expect(words(cache).isEmpty)
  }
}
