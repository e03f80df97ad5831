host-built = the image { $image } ({ $size }) lies in Docker's store on your own machine; no node of the cluster has it, and no registry
host-stands-in = { $command } cannot be executed here → in containers of { $image } a stand-in listens on port { $port }, which the Dockerfile EXPOSEs, and answers with who it is. Real Kubernetes: the program itself would run
host-stands-in-silently = { $command } cannot be executed here, and the Dockerfile EXPOSEs no port → in containers of { $image } a stand-in only waits. Real Kubernetes: the program itself would run, and listen wherever it wants: EXPOSE is no more than a note there
host-pushed = { $image } lies in the registry { $registry } from now on: every node that asks for it is given it
host-push-denied = nobody who may write { $image } has logged in to its registry → { $login }
host-push-needs-name = { $image } without a name before it would be one of Docker's own images, which nobody else may write → docker tag { $image } { $user }/{ $image }, docker login -u { $user }, and push that
host-runs = { $count ->
    [0] container { $container } of { $image } runs on your own machine, beside the cluster
   *[other] container { $container } of { $image } runs on your own machine, beside the cluster; ports { $ports } lead into it
 }. No kubelet looks after it: when it ends nobody starts another
host-loaded = { $image } was copied from Docker's store straight into that of { $nodes }: no registry has it, and a pod with imagePullPolicy Always (that of :latest, unless it says otherwise) would still ask one
host-only-here = { $image } exists, but only in Docker's store on your own machine. { $node } is another machine: it asked the registry, which has never seen it → docker tag and docker push it below your own name, or minikube image load it
host-only-here-push = { $image } exists, but only in Docker's store on your own machine. { $node } is another machine: it asked the registry, which has never seen it → docker tag and docker push it below your own name, and use that name
minikube-not-here = this cluster was made by kubeadm, machine by machine, and minikube knows nothing of it. For one that minikube makes: kubetutor --profile minikube
minikube-not-in-a-cloud = this cluster is a managed service's, and minikube is not there: the provider makes the machines and the control plane, upgrades them, replaces nodes that fail and gives each LoadBalancer an address. For a cluster that minikube makes on one machine: kubetutor --profile minikube
minikube-no-browser = there is no browser here: curl with that URL does the same
minikube-no-dashboard = there is no browser here, and no dashboard behind that address: kubectl get all -A shows what it would. Real Kubernetes: minikube enables its addon dashboard, opens a kubectl proxy and the browser at that address
minikube-tunnel-open = the tunnel stays open beside this prompt; minikube tunnel --cleanup closes it. Real Kubernetes: minikube tunnel keeps a terminal of its own until Ctrl-C
minikube-metrics = kubectl top and HorizontalPodAutoscalers have figures after about a minute. Real Kubernetes: metrics-server is a Deployment in kube-system; here it is no pod
minikube-no-addon = { $addon } cannot be had in this simulation: there is nothing here that does its work
minikube-no-ingress = there is no controller for Ingress objects here: they are stored and judged, and nobody routes by them. Real Kubernetes: the addon runs ingress-nginx in the namespace ingress-nginx
host-asked-anyway = { $node } has { $image }, but the pod's imagePullPolicy is Always (that of :latest, unless it says otherwise), so kubelet asked the registry, which has never seen it → imagePullPolicy: IfNotPresent, or a tag of its own
host-loaded-too = { $image } was copied into the store of { $nodes }
