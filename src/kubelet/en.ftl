kubelet-started = pulled { $pulled } ({ $took }), started { $containers }, pod IP { $ip } → Running
kubelet-started-present = { $present } was already here, started { $containers }, pod IP { $ip } → Running
kubelet-joined = added { $container } to the running pod { $pod }: an ephemeral container shares its network, is never restarted, and stays in the spec until the pod goes
kubelet-joined-processes = added { $container } to the running pod { $pod }: an ephemeral container, which sees the processes of { $whose }, is never restarted, and stays in the spec until the pod goes
kubelet-post-start-failed = the postStart hook of { $container } failed → the container is stopped and started again, as if it had crashed
kubelet-pre-stop-failed = the preStop hook of { $container } failed: nothing waits for it, SIGTERM follows
kubelet-sidecar-stops = the containers of { $pod } that needed it have ended → its sidecar { $container } stops, in what is left of the grace
kubelet-network = the node has its range of addresses, { $range }: the network plugin begins → Ready
kubelet-overdue = { $pod } was active for longer than its activeDeadlineSeconds → its containers are stopped, it is Failed (DeadlineExceeded)
kubelet-not-mounted = { $pod } cannot start, as a volume cannot be mounted: { $reason }. It stays in ContainerCreating and tries again, each time after twice the wait
kubelet-refreshed = wrote the new content into { $volumes } of { $pod }: programs see it at their next read; a subPath mount or a variable keeps the old until the container is made anew
kubelet-pull-failed = no registry gives { $image } → ErrImagePull, next try in { $wait }
kubelet-pull-waits = waits before it asks for { $image } again ({ $left } left): ImagePullBackOff from its next report on
kubelet-exited = { $container } ended with exit code { $code }; its restart policy says: start it again
kubelet-exited-for-good = { $container } ended with exit code { $code }; its restart policy says: leave it
kubelet-waits = { $container } keeps ending, so it waits { $left } before the next start: CrashLoopBackOff from its next report on
kubelet-restarted = started { $container } again (restart { $count })
kubelet-stopping = told { $pod } to stop (SIGTERM), gives it { $grace ->
    [one] 1 second
   *[other] { $grace } seconds
 }
kubelet-nothing-to-stop = { $pod } has no running container, so there is nothing to stop
kubelet-cannot-stop = cannot stop { $pod }: the container runtime does not answer → it stays Terminating
kubelet-gone = { $pod } has stopped → removed it from the API
kubelet-gone-killed = { $pod } did not stop in time → killed it (SIGKILL), removed it from the API
kubelet-unhealthy = { $probe } probe of { $container } failed: { $detail }
kubelet-unhealthy-kill = { $probe } probe of { $container } failed too often: { $detail } → kills and restarts it
kubelet-ready = { $pod } answers its readiness probe → Ready
kubelet-unready = { $pod } no longer answers its readiness probe → not Ready
kubelet-cannot-start = { $container } cannot be started: { $reason }
kubelet-down = stopped: it neither watches pods nor renews its lease; running containers live on
kubelet-up = back: looks at its { $pods ->
    [one] 1 pod
   *[other] { $pods } pods
 } and reports again
kubelet-cut-off = cannot renew its lease, nobody answers → goes on with what it knows ({ $pods ->
    [one] 1 pod
   *[other] { $pods } pods
 }), restarts what crashes, and tries again every 10 s
kubelet-connected = renews its lease again, and reports what has become of its { $pods ->
    [one] 1 pod
   *[other] { $pods } pods
 }
kubelet-mirrored = { $pod } lies as a file on this node, and its container never stopped: what was deleted is only its mirror in the API → makes it anew
kubelet-not-stored = cannot renew its lease, the API server cannot store it → goes on with what it knows ({ $pods ->
    [one] 1 pod
   *[other] { $pods } pods
 }), and tries again every 10 s
kubelet-power-off = the machine has no power: kubelet and all containers of its { $pods ->
    [one] 1 pod
   *[other] { $pods } pods
 } are gone; the API does not know it yet
kubelet-node-joined = kubelet starts on the new machine and registers it: the scheduler may use it as soon as its network is ready, and DaemonSets get a pod there
kubelet-power-on = the machine starts, kubelet will follow: the { $pods ->
    [one] 1 pod it has gets a new sandbox
   *[other] { $pods } pods it has get new sandboxes
 }, and what ran in it starts again
kubelet-short-of-memory = only { $left } of memory are left, less than 100 MiB → MemoryPressure: takes no BestEffort pods any more, and evicts pods until there is enough
kubelet-short-of-disk = only { $left } of the disk are left, less than a tenth → DiskPressure: takes no pods any more, deletes unused images, and evicts pods until there is enough
kubelet-relieved = has had enough of everything for 5 minutes → the pressure is over
kubelet-evicted = { $pod } goes first: it uses more { $resource } than it asked for (of those the lowest priority, then the most above its request) → evicted
kubelet-evicted-modest = nobody uses more { $resource } than asked for, so { $pod } goes: it is among those of the lowest priority ({ $priority }) → evicted
kubelet-refused = { $pod } came to a node that is short of something → not taken in, it is Failed (Evicted)
kubelet-clock-wrong = its clock is { $behind } behind: what it writes from now on (its lease, the node's heartbeats, its pods' conditions) bears times that lie in the past
kubelet-clock-right = its clock is right again
kubelet-hangs = { $pod } is there, but does nothing any more. Nobody notices unless a probe asks it
kubelet-goes-on = { $pod } goes on where it stopped
