claim-adopted = { $object }은(는) 셀렉터에 맞고 주인이 없음 → 입양
claim-released = { $object }이(가) 더는 셀렉터에 맞지 않음 → 놓아줌, 주인 없이 계속 돎
history-first = 파드 템플릿을 { $revision }(으)로 남김, 리비전 { $number }
history-new = 파드 템플릿이 바뀜 → { $revision }(으)로 남김, 리비전 { $number }
history-reused = { $revision }에 이미 이 파드 템플릿이 있음(리비전 { $was }이었음) → 이제 리비전 { $number }
history-forgot = 옛 리비전은 { $limit }개까지 남김 → { $revision } 삭제
