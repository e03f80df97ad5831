host-built = { $image } 이미지({ $size })는 내 컴퓨터의 Docker 저장소에 있음. 클러스터의 어떤 노드에도, 어떤 레지스트리에도 없음
host-stands-in = { $command } 명령은 여기서 실행할 수 없음 → { $image } 컨테이너에서는 대역이 Dockerfile의 EXPOSE에 적힌 포트 { $port }에서 듣고, 자기가 누구인지 답함. 실제 쿠버네티스: 프로그램 자체가 실행됨
host-stands-in-silently = { $command } 명령은 여기서 실행할 수 없고, Dockerfile에 EXPOSE가 없음 → { $image } 컨테이너에서는 대역이 기다리기만 함. 실제 쿠버네티스: 프로그램 자체가 실행되고, 원하는 포트에서 들음. EXPOSE는 메모일 뿐임
host-pushed = 이제 { $image } 이미지가 레지스트리 { $registry }에 있음. 요청하는 노드는 모두 받을 수 있음
host-push-denied = { $image }에 쓸 수 있는 사람이 레지스트리에 로그인하지 않음 → { $login }
host-push-needs-name = 앞에 이름이 없는 { $image }은(는) Docker 공식 이미지를 뜻하고, 다른 사람은 거기에 쓸 수 없음 → docker tag { $image } { $user }/{ $image }, docker login -u { $user } 뒤에 그 이름으로 push
host-runs = { $count ->
    [0] { $image } 이미지의 컨테이너 { $container }이(가) 클러스터 옆, 내 컴퓨터에서 실행됨
   *[other] { $image } 이미지의 컨테이너 { $container }이(가) 클러스터 옆, 내 컴퓨터에서 실행됨. 포트 { $ports }
 }. 돌보는 kubelet이 없으므로 끝나도 아무도 다시 시작하지 않음
host-loaded = { $image } 이미지를 Docker 저장소에서 { $nodes }의 저장소로 바로 복사함. 레지스트리에는 없으므로 imagePullPolicy가 Always인 파드(:latest는 따로 정하지 않으면 Always)는 여전히 레지스트리에 요청함
host-only-here = { $image } 이미지는 있지만 내 컴퓨터의 Docker 저장소에만 있음. { $node }은(는) 다른 머신이라 레지스트리에 요청했고, 레지스트리는 그런 이미지를 본 적이 없음 → docker tag와 docker push로 내 이름 아래에 올리거나 minikube image load로 넣으면 됨
host-only-here-push = { $image } 이미지는 있지만 내 컴퓨터의 Docker 저장소에만 있음. { $node }은(는) 다른 머신이라 레지스트리에 요청했고, 레지스트리는 그런 이미지를 본 적이 없음 → docker tag와 docker push로 내 이름 아래에 올리고 그 이름을 쓰면 됨
minikube-not-here = 이 클러스터는 kubeadm으로 머신마다 직접 만든 것이라 minikube는 모름. minikube가 만드는 클러스터는: kubetutor --profile minikube
minikube-not-in-a-cloud = 이 클러스터는 관리형 서비스의 것이고, 여기에는 minikube가 없음: 머신과 컨트롤 플레인은 제공자가 만들고 업그레이드하며, 고장 난 노드를 바꾸고, LoadBalancer마다 주소를 줌. minikube가 머신 한 대에 만드는 클러스터는: kubetutor --profile minikube
minikube-no-browser = 여기에는 브라우저가 없음: 그 URL로 curl을 하면 같은 일을 함
minikube-no-dashboard = 여기에는 브라우저도, 그 주소 뒤의 대시보드도 없음: kubectl get all -A로 같은 것을 볼 수 있음. 실제 쿠버네티스: minikube가 dashboard 애드온을 켜고, kubectl proxy를 열고, 그 주소로 브라우저를 엶
minikube-tunnel-open = 터널은 이 프롬프트 옆에 계속 열려 있고, minikube tunnel --cleanup으로 닫음. 실제 쿠버네티스: minikube tunnel은 Ctrl-C까지 터미널 하나를 차지함
minikube-metrics = 1분쯤 뒤부터 kubectl top과 HorizontalPodAutoscaler에 수치가 나옴. 실제 쿠버네티스: metrics-server는 kube-system의 디플로이먼트. 여기서는 파드가 아님
minikube-no-addon = { $addon } 애드온은 이 시뮬레이션에 없음: 그 일을 하는 것이 여기에는 없음
minikube-no-ingress = 여기에는 Ingress 컨트롤러가 없음: Ingress 오브젝트는 저장되고 검사되지만 그대로 라우팅하는 것은 없음. 실제 쿠버네티스: 이 애드온은 ingress-nginx 네임스페이스에서 ingress-nginx를 실행함
host-asked-anyway = { $node }에 { $image } 이미지가 있지만 파드의 imagePullPolicy가 Always라서(:latest는 따로 정하지 않으면 Always) kubelet이 레지스트리에 요청했고, 레지스트리는 그런 이미지를 본 적이 없음 → imagePullPolicy: IfNotPresent로 하거나 태그를 따로 붙이면 됨
host-loaded-too = { $image } 이미지를 { $nodes }의 저장소로 복사함
