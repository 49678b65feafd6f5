extension BinaryInteger {
  /// With a comma before every three digits: `12,034`.
  package var grouped: String {
    let digits = "\(magnitude)"
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return self < 0 ? "-\(text)" : text
  }
}
