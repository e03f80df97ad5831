server-gone = ended: nobody can read or write any more; containers run on, and components keep what they know
server-back = serves again, from what etcd holds; whoever has gone on without it finds it when it next tries
process-unseen = ended, and nobody starts it again: kubelet on its node sees nothing at this moment
