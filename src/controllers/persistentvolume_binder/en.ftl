binder-bound = claim { $claim } wants { $wanted }; { $volume } ({ $size }) is the smallest volume that fits → bound
binder-bound-as-meant = volume { $volume } ({ $size }) is meant for claim { $claim } → bound
binder-no-class = claim { $claim } wants { $wanted }, no volume fits, and no storage class says who could make one → waits
binder-waits-for-pod = claim { $claim } is bound only when a pod needs it (WaitForFirstConsumer) → waits { $count ->
    [0] for a pod that names it
    [one] until { $pods } is given a node
   *[other] until { $pods } are given nodes
 }
binder-asks-provisioner = claim { $claim } wants { $wanted } and no volume fits → asks the provisioner of class { $class }, { $provisioner }, for one
binder-no-provisioner = claim { $claim } wants a volume of class { $class }, which nobody can make: { $why }
binder-waits-for-volume = claim { $claim } names volume { $volume }, which does not exist → waits for it
binder-mismatch = claim { $claim } names volume { $volume }, but { $why }
binder-lost = the volume of claim { $claim } is gone, and what was on it → the claim is Lost
binder-released = claim { $claim } is gone → volume { $volume } is Released { $policy ->
    [Retain] and keeps its data (Retain); nobody else gets it until an administrator has seen to it
    [Delete] and will be deleted with its data (Delete)
   *[other] ({ $policy })
 }
binder-deleted = volume { $volume } is Released and its policy is Delete → deletes it
binder-failed = volume { $volume } cannot be seen to: { $why }
