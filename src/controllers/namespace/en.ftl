namespace-emptied-of-pods = { $namespace } is going away → deletes, first of all, its { $objects ->
    [one] pod
   *[other] { $objects } pods
 }
namespace-emptied = { $namespace } is going away → deletes the { $objects ->
    [one] one object that is left
   *[other] { $objects } objects that are left
 } in it
namespace-waits = { $namespace } still holds { $left ->
    [one] 1 object
   *[other] { $left } objects
 }, waits
namespace-finished = { $namespace } is empty → lets it go
