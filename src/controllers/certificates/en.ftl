csr-approved = { $request } is a kubelet's own request, and { $who } may make such (create { $may }) → approves it without anybody's word
csr-signed = { $request } is approved → signs it with the cluster's certificate authority for { $signer }: whoever has the key is user "{ $user }" (its CN), groups { $groups } (its O), until { $until }. What that user may do, RBAC says
csr-refused = { $request } is approved, but { $signer } takes no such request: { $why } → Failed
csr-not-signed = { $request } is approved, but cannot be signed: { $why } → tries again later
csr-removed-issued = { $request } got its certificate more than an hour ago → removes the request; the certificate holds on
csr-removed-denied = { $request } was denied more than an hour ago → removes it
csr-removed-pending = nobody has decided on { $request } for a day → removes it
csr-removed-expired = the certificate of { $request } has expired → removes the request
