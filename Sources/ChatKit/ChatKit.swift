// ChatKit
