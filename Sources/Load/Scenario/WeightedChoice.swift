/// One of several, each as often as its weight says.
package struct WeightedChoice<Value: Sendable>: Sendable {
  private let choices: [(value: Value, upTo: Double)]
  private let total: Double

  /// - Parameter weights: at least one above 0.
  package init(_ weights: [(value: Value, weight: Double)]) {
    var total = 0.0
    choices = weights.filter { $0.weight > 0 }.map { entry in
      total += entry.weight
      return (entry.value, total)
    }
    self.total = total
    precondition(!choices.isEmpty, "a choice among nothing")
  }

  package func next(_ random: inout SeededRandom) -> Value {
    let place = random.fraction() * total
    var low = 0
    var high = choices.count - 1
    while low < high {
      let middle = (low + high) / 2
      if choices[middle].upTo > place { high = middle } else { low = middle + 1 }
    }
    return choices[low].value
  }
}
