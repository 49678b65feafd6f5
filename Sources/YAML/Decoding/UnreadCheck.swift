/// Something of which parts may stay unread.
protocol UnreadCheck {
  /// Throws for the first part that nobody asked for.
  func checkAllIsRead() throws(YAMLError)
}
