csr-approved = { $request }은(는) kubelet이 자기 것을 청한 것이고, { $who }은(는) 그럴 권한이 있음(create { $may }) → 사람의 승인 없이 승인함
csr-signed = { $request }이(가) 승인됨 → 클러스터의 인증 기관(CA)으로 { $signer } 서명을 함: 키를 가진 이는 { $until }까지 사용자 "{ $user }"(CN), 그룹 { $groups }(O)로 인정됨. 무엇을 해도 되는지는 RBAC이 정함
csr-refused = { $request }이(가) 승인됐지만 { $signer }은(는) 이런 요청을 받지 않음: { $why } → Failed
csr-not-signed = { $request }이(가) 승인됐지만 서명할 수 없음: { $why } → 나중에 다시 시도함
csr-removed-issued = { $request }은(는) 인증서를 받은 지 1시간이 넘음 → 요청을 지움. 인증서는 그대로 쓸 수 있음
csr-removed-denied = { $request }은(는) 거절된 지 1시간이 넘음 → 지움
csr-removed-pending = 하루가 지나도록 아무도 { $request }을(를) 승인하거나 거절하지 않음 → 지움
csr-removed-expired = { $request }의 인증서가 만료됨 → 요청을 지움
