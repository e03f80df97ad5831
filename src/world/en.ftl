server-gone = ended: nobody can read or write any more; containers run on, and components keep what they know
server-back = serves again, from what etcd holds; whoever has gone on without it finds it when it next tries
process-unseen = ended, and nobody starts it again: kubelet on its node sees nothing at this moment
storage-gone = ended: the API server can neither store nor read what is asked of it; what it holds in its own cache it still tells
storage-full = its database has reached its quota: it raises the alarm NOSPACE and takes only what removes something
storage-slow = its disk takes seconds for each write: everything lags, and what takes more than 7 s fails
storage-well = stores and reads again; what it held it still holds
server-no-storage = began, but could not reach etcd for 20 s → gives up, and is started again later
