namespace-emptied-of-pods = { $namespace } 네임스페이스가 사라지는 중 → 먼저 안의 파드 { $objects }개를 삭제
namespace-emptied = { $namespace } 네임스페이스가 사라지는 중 → 남은 오브젝트 { $objects }개를 삭제
namespace-waits = { $namespace } 네임스페이스에 아직 오브젝트 { $left }개가 남아 기다림
namespace-finished = { $namespace } 네임스페이스가 비었음 → 놓아줌
