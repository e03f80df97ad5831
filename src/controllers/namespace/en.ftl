namespace-emptied = { $namespace } is going away → deletes { $objects ->
    [one] the one object
   *[other] the { $objects } objects
 } that is still in it
namespace-waits = { $namespace } still holds { $left ->
    [one] 1 object
   *[other] { $left } objects
 }, waits
namespace-finished = { $namespace } is empty → lets it go
