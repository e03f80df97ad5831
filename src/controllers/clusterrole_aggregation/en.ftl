clusterrole-aggregated = { $role } collects the rules of the roles that carry its label: { $parts } → wrote { $rules } rules into it
