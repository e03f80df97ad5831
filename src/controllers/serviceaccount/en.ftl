serviceaccount-furnished = { $namespace } is new → created its ServiceAccount default and its ConfigMap kube-root-ca.crt (a controller each, in Kubernetes)
