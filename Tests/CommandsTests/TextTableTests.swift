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
    #expect(table.text(width: 48).contains("0.0.0.0:8080"))
  }

  @Test("where there is no room for all columns, those on the right go")
  func narrow() {
    for width in [1, 5, 10, 17, 18, 26, 27, 30, 31, 40] {
      #expect(table.text(width: width).split(separator: "\n").allSatisfy { $0.count <= width }, "\(width)")
    }
    #expect(
      table.text(width: 30) == """
        NAME         VALUE
        http.listen  0.0.0.0:8080
        log.level    a value tha…

        """)
    #expect(table.text(width: 8).split(separator: "\n")[1] == "http.li…")
  }

  @Test("headings are bold where that is shown")
  func styled() {
    #expect(table.text(width: nil, isStyled: true).hasPrefix("\u{1b}[1mNAME"))
    #expect(!table.text(width: nil).contains("\u{1b}"))
  }
}
