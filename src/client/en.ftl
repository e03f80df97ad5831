claim-adopted = { $object } matches the selector and belongs to nobody → adopts it
claim-released = { $object } no longer matches the selector → lets it go; it lives on without an owner
history-first = keeps its pod template as { $revision }, revision { $number }
history-new = the pod template changed → keeps it as { $revision }, revision { $number }
history-reused = { $revision } already has this pod template (it was revision { $was }) → it is revision { $number } now
history-forgot = keeps { $limit } old revisions → deleted { $revision }
