print("ConformanceServer")
