claim-adopted = { $object } matches the selector and belongs to nobody → adopts it
claim-released = { $object } no longer matches the selector → lets it go; it lives on without an owner
