policy-of-any-kind = { $policy }은(는) 특정한 종류를 지정하지 않음 → 표현식이 맞는지는 실제 오브젝트를 만나야 알 수 있음
policy-types-fit = { $policy }의 표현식이 { $kinds }의 필드와 맞음 → 경고 없음
policy-types-doubtful = { $policy }이(가) { $kinds }을(를) 심사하는데 일부 표현식이 그 필드와 맞지 않음 → 상태에 { $expressions } 경고를 남김
