claim-adopted = { $object }은(는) 셀렉터에 맞고 주인이 없음 → 입양
claim-released = { $object }이(가) 더는 셀렉터에 맞지 않음 → 놓아줌, 주인 없이 계속 돎
