definition-named = { $definition }: no other definition of its group has its names → they are its own; kind { $kind }
definition-refused = { $definition } is not served: { $message }
definition-established = { $definition } is established → the API server now serves { $kind } like a kind of its own
definition-emptied = { $definition } goes away, and what it defines goes first → deleted { $objects ->
    [one] one object
   *[other] { $objects } objects
}
definition-let-go = no object of { $definition } is left → took the finalizer off, so the definition goes
