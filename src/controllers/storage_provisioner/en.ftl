provisioner-made = claim { $claim } asks for { $wanted } of class { $class } → makes the directory { $path } on the node, and volume { $volume } of it
provisioner-no-blocks = claim { $claim } wants a raw block device, and a directory is none → makes nothing
provisioner-deleted = volume { $volume } is Released and its policy is Delete → removes { $path } with all that is in it, then the volume
