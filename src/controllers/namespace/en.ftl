namespace-emptied = { $namespace } is going away → deletes the { $objects ->
    [one] object
   *[other] { $objects } objects
 } in it
namespace-waits = { $namespace } still holds { $left ->
    [one] 1 object
   *[other] { $left } objects
 }, waits
namespace-finished = { $namespace } is empty → lets it go
