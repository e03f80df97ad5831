story-head = what happened · { $time } of cluster time · { $steps ->
    [one] 1 step
   *[other] { $steps } steps
 } · `trace` shows each
story-stored = let you in as { $user }, stored it as revision { $revision }
story-stored-defaults = let you in as { $user }, filled in { $defaults ->
    [one] 1 default
   *[other] { $defaults } defaults
 }, stored it as revision { $revision }
story-marked = let you in as { $user }, marked it for deletion (revision { $revision })
story-removed = let you in as { $user }, removed it at revision { $revision }
story-token = let you in as { $user }, signed a token; nothing of it is stored
story-unchanged = let you in as { $user }, found nothing to change
story-refused = refused it: { $why }
story-noted = noted { $key }: { $note }
story-more = { $count } more did the same
story-cut = { $count ->
    [one] 1 more line
   *[other] { $count } more lines
 } · `story` tells all
story-nothing = nothing else had to be done
story-now = now: { $list }
story-ready = { $name } { $ready }/{ $wanted } ready
story-pending = still to come: { $what } in { $time }
trace-leases = … { $count ->
    [one] 1 lease was renewed
   *[other] { $count } leases were renewed
 }
no-operator = { $sign } is not understood here
noted = { $what }: { $value } from now on
watch-ended = nothing came for a while and nothing is about to, so it was stopped here, as Ctrl-C would
back-none = there is no command to take back
forward-none = there is no command to do again
proxy-sends = kube-proxy on every node: what is sent to { $address } goes to one of { $backends }, by chance
proxy-refuses = kube-proxy on every node: what is sent to { $address } is rejected, as no pod behind the Service is ready
watch-cut = stopped here after { $after } of cluster time, as Ctrl-C would: it goes on for as long as one looks
fault-was-broken = { $what } is broken now
fault-was-mended = { $what } is mended
why-none = nothing is recorded about { $object }
why-head = { $object }, as the one who decided told it:
why-exists = It exists because: { $chain }
why-you = you
why-startup = the start of the cluster
why-just-now = just now
why-ago = { $age } ago
request-head = { $request }, asked for by { $user }:
request-head-in = { $request } in namespace { $namespace }, asked for by { $user }:
request-impersonated = impersonation: { $by } acts as { $user }
request-master = authorization: { $user } needs no rule, as a member of system:masters
request-node = authorization: the node authorizer lets { $user } do what a kubelet needs for its own node
request-rule = authorization: { $rule }
request-changed = admission: { $plugin } changed { $places }
request-defaults = { $count ->
    [one] 1 field was
   *[other] { $count } fields were
} filled in by defaults and admission
request-noted = audit log: { $key }: { $note }
request-stored = storage: it is revision { $revision }
request-removed = storage: removed at revision { $revision }
request-token = storage: nothing, a token is signed and not stored
request-unchanged = storage: nothing to change
request-not-allowed = authorization: no rule allows it, so it ended here: { $why }
request-unreadable = it ended where the request is read: { $why }
request-not-admitted = admission: it ended at { $plugin }: { $why }
request-escalates = it ended where nobody may give away what they do not have: { $why }
request-invalid = it ended at validation: { $why }
request-not-stored = it ended at the store: { $why }
request-none = record { $number } is no request; `trace` shows which are
hint-did-you-mean = did you mean { $word }?
fault-kubelet = stops the kubelet of a node: about 40 seconds later the node is NotReady; five minutes after that its pods are replaced elsewhere, the old ones stay Terminating until it is back
fault-containerd = stops the container runtime of a node: nothing starts or stops there, what runs lives on; after a while the node is NotReady, and five minutes later its pods are evicted
fault-memory = lets something else on a node take its memory: 60 MiB are left. Kubelet looks every 10 seconds, sets MemoryPressure (which becomes a taint) and evicts pods, those first that use more than they asked for. The condition stays for 5 minutes after there is enough again
fault-disk = lets something else fill a node's disk: 8 % are left. Kubelet sets DiskPressure (which becomes a taint), deletes unused images and evicts pods. The condition stays for 5 minutes after there is room again
fault-clock = puts a node's clock back by 10 minutes: its lease seems not to be renewed any more, as only a later time counts, so after 50 seconds the node is NotReady; then its kubelet reports, and it is Ready for a while, again and again
fault-apiserver = stops the API server: kubectl cannot connect, and nobody in the cluster can read or write. Containers run on; nothing new is scheduled or repaired, and no node is marked NotReady, as nobody could write it down
fault-kubelet-of-control-plane = stops the kubelet of the control plane's node: its containers run on, so API server, scheduler and controllers go on working, and so do all workers. But nothing on this node is repaired, started, stopped or deleted until it is back; after about 40 seconds the node is NotReady
fault-containerd-of-control-plane = stops the container runtime under the control plane. Its containers run on, as each has a process of its own (a shim) above it: the API server goes on serving. (When Docker was the runtime, containers ended with it unless live-restore was on, and the whole cluster stood still.) What ends from now on is not started again
fault-etcd = takes etcd away, or lets its disk be slow or its database full
fault-etcd-stopped = stops etcd: the API server still answers, but can neither store nor read what it is asked for. Where a kubelet watches over it, its liveness probe fails, it is restarted after about 80 seconds, and cannot begin without etcd
fault-etcd-slow = makes etcd's disk slow: requests take seconds, those that take more than 7 fail with "etcdserver: request timed out", and everything lags behind
fault-etcd-full = lets etcd's database reach its quota: whatever is to be stored is refused ("database space exceeded"), only removing works. Leases cannot be renewed either
fault-network = cuts the wire between two nodes: packets from one to the other get lost, so connections between their pods time out, whatever Service they go through. Both nodes stay Ready, as their kubelets still reach the API server: Kubernetes notices nothing
fault-network-of-control-plane = cuts a node off from the control plane's: its kubelet hears nothing and is not heard. About 40 seconds later the node is NotReady, five minutes after that its pods are replaced elsewhere; but the old ones run on, as nobody can tell them to stop, until the wire is whole again
fault-node = cuts the power of a node: its kubelet and all its containers are gone at once. About 40 seconds later it is NotReady, five minutes after that its pods are replaced elsewhere. With power again, its pods get new sandboxes and addresses, and their containers start again
fault-node-of-control-plane = cuts the power of the control plane's node: API server, etcd, scheduler and controllers are gone at once. What runs on the workers runs on. With power again kubelet starts them from the files on its disk, without asking anybody
fault-scheduler = stops the scheduler: new pods stay Pending
fault-controller-manager = stops all controllers: objects are stored, nothing acts on them
fault-controller = stops one controller
fault-container-hang = lets a pod's program hang: it runs, but answers nothing. Only a probe finds that out
fault-container = ends a pod's container with exit code 1
fault-metrics-server = stops metrics-server: what it serves (metrics.k8s.io) cannot be had, so nobody knows what pods use
fault-kube-proxy = stops kube-proxy on a node: packets go on to follow the rules that it wrote last, but new Services and new pods behind old ones are unknown there
fault-coredns = stops CoreDNS: names can no longer be asked for, addresses still work
fault-registry = takes the image registry away: images that are not on the node cannot be pulled
path-no-source = { $from } is no pod of this namespace; write pod/NAME, node/NAME, or me for your own machine
path-no-name = { $name } is no name that could be found, so nothing is sent
path-name = CoreDNS: { $name } means { $full } = { $addresses }
path-alias = CoreDNS: { $name } is only another name for { $to }
path-leaves = { $from } ({ $source }) sends a packet to { $to }
path-rule = { $node }  { $rule }
path-dnat = { $node }: kube-proxy ({ $mode }) has chosen { $to }: that becomes the destination
path-dnat-masquerade = { $node }: kube-proxy ({ $mode }) has chosen { $to }: that becomes the destination, and the node's own address the source, so that the answer comes back this way
path-let-in = { $pod } is selected by { $policies }; { $policy } lets this in
path-let-out = { $pod } is selected by { $policies }; { $policy } lets this out
path-not-let-in = { $pod } is selected by { $policies }, and none of them lets this in
path-not-let-out = { $pod } is selected by { $policies }, and none of them lets this out
path-wire = over the network from { $from } to { $to }
path-arrives = arrives at { $at }, where a program listens on port { $port }
path-nobody-listens = arrives at { $at }, where nobody listens on port { $port }: connection refused
path-no-endpoints = no pod is ready behind that Service: connection refused
path-no-local-endpoints = no ready pod of that Service is on this node, and it may not be sent on: it is dropped
path-dropped = it is dropped: the sender waits until its patience ends
path-node-down = that machine is off: nothing comes back
path-network-cut = there is no way between these nodes: nothing comes back
path-not-routable = outside the cluster nobody knows the way to that address: nothing comes back
path-nobody-has-it = nobody has that address: no route to host
path-no-rule = that is an address for Services, but no rule leads anywhere: nothing comes back
path-lost = it leaves the cluster, and nothing comes back
proxy-mode = kube-proxy works by { $mode } on every node from now on

scores-head = What the scheduler would say of { $pod } now, if it had no node yet:
scores-plugin = plugin × weight
scores-total = together
scores-best = The most points: { $names }{ $count ->
    [one] .
   *[other] ; among equals chance decides.
 }
scores-more = { $count } more nodes with fewer points are left out.
scores-is-there = { $pod } is on { $node }.
scores-is-bound = { $pod } is on { $on } already; a pod never moves. If it were to be placed now:
scores-could = No plugin objects to { $pod } on { $node }. Points decide:
scores-refused = It fits nowhere, whatever the nodes are like: { $why }

who-makes-kubeadm = Who makes this cluster: you. Kubernetes makes pods, not machines: kubelet and a container runtime were put on each node, and kubeadm set up the control plane. Backups, upgrades and new nodes are yours. A managed service (EKS, GKE, AKS, Kubermatic) takes all that over: see --profile cloud.
who-makes-minikube = Who makes this cluster: minikube, with one command: one machine that is control plane and worker, to learn with. It has no cloud, so a LoadBalancer's EXTERNAL-IP stays <pending>. A managed service (EKS, GKE, AKS, Kubermatic): see --profile cloud.
who-makes-cloud = Who makes this cluster: a managed service, such as EKS, GKE, AKS or Kubermatic. It runs API server, etcd, scheduler and controllers, puts kubelet and kube-proxy on the nodes, replaces nodes that break, and by cloud-controller-manager gives each LoadBalancer an address. Yours are Deployments, Services and volumes. Real Kubernetes: there you would not see the node of the control plane; here you do, to look into it.
who-makes-bare = Who makes this cluster: whoever recorded the transcripts. Its control plane is programs of the node, not pods, and there is no cloud.
