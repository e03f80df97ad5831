node-ipam-gave = { $node } has no range of addresses for its pods → gives it { $range } out of the cluster's { $of } ({ $left } left)
node-ipam-full = nothing is left of { $of } for { $node } (CIDRNotAvailable) → its network cannot begin, it stays NotReady
