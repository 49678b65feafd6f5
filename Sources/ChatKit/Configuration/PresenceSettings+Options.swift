extension PresenceSettings {
  package init(_ options: PresenceOptions) {
    self.init()
    ttl = options.ttl
    grace = options.grace
    sweepInterval = options.sweepInterval
    maxMembers = options.maxMembers
  }
}
