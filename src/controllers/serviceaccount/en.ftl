serviceaccount-furnished = { $namespace } is new → created its ServiceAccount default and its ConfigMap kube-root-ca.crt (a controller each, in Kubernetes)
serviceaccount-token-filled = { $secret } asks for a token of the account { $account } → put one in that does not expire, with the CA and the namespace (tokens that expire are better: kubectl create token)
serviceaccount-token-deleted = { $secret } holds a token of { $account }, and there is no such account → deleted
