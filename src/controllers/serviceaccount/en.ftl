serviceaccount-furnished = { $namespace } is new → gave it the service account default and the certificate kube-root-ca.crt
