definition-named = { $definition }: 같은 그룹의 다른 정의와 겹치는 이름이 없음 → 이 이름들을 가짐(종류 { $kind })
definition-refused = { $definition }은(는) 쓸 수 없음: { $message }
definition-established = { $definition } 준비 완료 → 이제 API 서버가 { $kind }을(를) 본래 종류처럼 다룸
definition-emptied = { $definition }이(가) 지워지는 중, 이것으로 만든 오브젝트가 먼저 지워짐 → { $objects }개 삭제
definition-let-go = { $definition }의 오브젝트가 하나도 남지 않음 → 파이널라이저를 떼어 정의도 지워짐
