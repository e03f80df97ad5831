volume-let-go = nobody uses { $object } any more → took its finalizer away, so it can go
