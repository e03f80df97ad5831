volume-let-go = { $object }을(를) 쓰는 것이 더는 없음 → 파이널라이저를 떼어 삭제될 수 있게 함
