resourcequota-counted = counted what the namespace uses and wrote it into { $quota }: { $used }
