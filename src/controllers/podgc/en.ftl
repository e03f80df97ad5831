podgc-too-many = too many pods that have ended are kept → deletes { $pod }, one of the oldest
podgc-out-of-service = { $pod } is to go, and { $node } is marked as out of service for good → deletes it without waiting for its kubelet
podgc-lost = node { $node } has been gone for 40 seconds → { $pod } is marked Failed and deleted, as no kubelet will do it
podgc-unscheduled = { $pod } is to go and never had a node, so no kubelet will end it → deletes it
