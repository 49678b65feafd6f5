import Commands
import Testing

@Suite("Tables of text")
struct TextTableTests {
  private let table = {
    var table = TextTable(["NAME", "VALUE", "FROM"])
    table.add(["http.listen", "0.0.0.0:8080", "default"])
    table.add(["log.level", "a value that is rather long", "chatd.yaml:3:5"])
    return table
  }()

  @Test("columns are aligned, and no line ends in blanks")
  func aligned() {
    #expect(
      table.text(width: nil) == """
        NAME         VALUE                        FROM
        http.listen  0.0.0.0:8080                 default
        log.level    a value that is rather long  chatd.yaml:3:5

        """)
  }

  @Test("a terminal gets what fits: the widest cells are shortened, and say so")
  func fitted() {
    let lines = table.text(width: 48).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 48 })
    #expect(lines[2] == "log.level    a value that is ra…  chatd.yaml:3:5")
    #expect(table.text(width: 10).contains("0.0.0.0:8080"), "twelve columns are kept of each")
  }

  @Test("headings are bold where that is shown")
  func styled() {
    #expect(table.text(width: nil, isStyled: true).hasPrefix("\u{1b}[1mNAME"))
    #expect(!table.text(width: nil).contains("\u{1b}"))
  }
}
