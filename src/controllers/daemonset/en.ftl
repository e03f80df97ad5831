daemonset-created = a pod should be on { $nodes }, and there is none → created { $names }
daemonset-began = a pod should be on { $nodes }, but not on { $out } → created { $names }
daemonset-kept-out = { $nodes } ({ $because ->
    [name] the template names another node
    [taint] taint { $taint } is not tolerated
   *[affinity] the node selector or affinity does not fit
 })
daemonset-surged = a new pod may start beside the old one on { $nodes } → created { $names }
daemonset-deleted = deletes { $victims }
daemonset-victims = { $names } ({ $because ->
    [failed] failed, a new one takes its place
    [succeeded] has ended, though a daemon should not
    [excess] one pod on a node is enough
    [replaced] the new pod on its node takes over
    [name] the template names another node
    [taint] does not tolerate the taint { $taint }
    [affinity] its node no longer fits the node selector or affinity
    [node-gone] the node that it was for is gone
    [broken] has an old template and is not available anyway
    [moved] enough pods are available on the nodes that fit
   *[outdated] has an old template and may be missing for a while
 })
daemonset-refused = { $missing ->
    [one] 1 pod is missing
   *[other] { $missing } pods are missing
 }, but it may not create more: { $why }
