policy-of-any-kind = { $policy } names no kind of its own → its expressions show only on objects whether they fit
policy-types-fit = the expressions of { $policy } fit the fields of { $kinds } → no warnings
policy-types-doubtful = { $policy } judges { $kinds }, and some of its expressions do not fit their fields → warns of { $expressions } in its status
