import Networking
import Primitives
import TestSupport
import Testing

@testable import ChatKit

@Suite("Words that are not to be said")
struct WordListTests {
  private func problem(_ text: String, _ limits: WordList.Limits = .server) -> WordList.Problem? {
    do throws(WordList.Problem) {
      _ = try WordList(parsing: text, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test("words are found whole, whatever their case and whatever stands around them")
  func whole() throws {
    let list = try WordList(parsing: "scunt\nRed Herring\n")
    #expect(list.count == 2)
    for text in ["scunt", "a SCUNT.", "(Scunt)", "x/scunt/y", "red herring", "RED-herring!", "red,\n  Herring"] {
      #expect(list.verdict(on: text) == .refused, "\(text)")
    }
    for text in ["Scunthorpe", "scunts", "red", "herring red", "red herrings", "red blue herring", "", "…"] {
      #expect(list.verdict(on: text) == .allowed, "\(text)")
    }
  }

  @Test("letters of all scripts are folded: sharp s, final sigma, accents in one scalar or two, what nobody sees")
  func unicode() throws {
    let list = try WordList(parsing: "Straße\nΟΔΟΣ\ncafé\nпло́хо\n坏词\nだめ\nหมา")
    for text in [
      "STRASSE", "strasse", "straße", "οδος", "Οδος", "cafe\u{301}", "CAF\u{c9}",
      "ПЛО\u{301}ХО", "这是坏词吗", "それはだめです", "นี่คือหมาตัวหนึ่ง", "ca\u{200b}f\u{ad}é", "坏 词",
    ] { #expect(list.verdict(on: text) == .refused, "\(text)") }
    for text in ["cafeteria", "cafe", "плохо", "坏的词", "ΟΔΟΣΣ", "かだ"] {
      #expect(list.verdict(on: text) == .allowed, "\(text)")
    }
  }

  @Test("a word is masked or refused as its line says; a mask has a star for each character and leaves the rest")
  func actions() throws {
    let list = try WordList(
      parsing: "# a remark\n\ndarn = mask\nholy cow=mask\r\ncow boy = mask\n  hell =  refuse\nheck", action: .mask)
    #expect(list.verdict(on: "Darn, it is a DARN café") == .masked("****, it is a **** café"))
    #expect(list.verdict(on: "holy   cow!") == .masked("****   ***!"))
    #expect(list.verdict(on: "holy cow boy") == .masked("**** *** ***"))
    #expect(list.verdict(on: "what the heck") == .masked("what the ****"))
    #expect(list.verdict(on: "darn the hell") == .refused)
    #expect(list.verdict(on: "the remark") == .allowed)
    let accents = try WordList(parsing: "naïve = mask")
    #expect(accents.verdict(on: "so nai\u{308}ve!") == .masked("so *****!"))
    let syllables = try WordList(parsing: "坏词 = mask")
    #expect(syllables.verdict(on: "这是坏词吗") == .masked("这是**吗"))
  }

  @Test("a line that is no entry is named, and too much is refused")
  func problems() throws {
    #expect(problem("good\n=mask")?.line == 2)
    #expect(problem("a\nb = hide")?.line == 2)
    #expect(problem("c++")?.line == 1)
    #expect(problem("-")?.line == 1)
    #expect(problem("one two three four five six seven eight nine")?.line == 1)
    #expect(problem(String(repeating: "x", count: 101))?.line == 1)
    #expect(problem("a\nb\nc", WordList.Limits(entries: 2, bytes: 100))?.line == 3)
    #expect(problem(String(repeating: "a\n", count: 60), WordList.Limits(entries: 100, bytes: 100))?.line == 0)
    #expect(problem("don't\nf-word\nU.S.A.\nold\tnews") == nil)
    #expect(WordList.empty.verdict(on: "anything") == .allowed)
  }

  @Test("what one sender has said goes on in its order, that of others does not wait")
  func turns() async throws {
    try await withLoop { loop in
      let turns = FilterTurns()
      let (ann, bob) = (UUID.v7(), UUID.v7())
      let order = Recorder<String>()
      let delays: [(String, UUID, Int64)] = [("a1", ann, 60), ("a2", ann, 1), ("b1", bob, 20), ("a3", ann, 30)]
      let tasks = delays.map { name, sender, delay in
        loop.start {
          let turn = turns.enter(sender)
          try? await loop.sleep(for: .milliseconds(delay))
          await turns.wait(turn)
          turns.leave(turn)
          order.elements.append(name)
        }
      }
      for task in tasks { await task.value }
      #expect(order.elements == ["b1", "a1", "a2", "a3"])
      // Whoever comes when all have left waits for nobody.
      let turn = turns.enter(ann)
      await turns.wait(turn)
      turns.leave(turn)
    }
  }
}
