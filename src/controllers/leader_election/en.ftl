lease-leads = the lease of its predecessor has run out → takes it: this { $program } works from now on
lease-waits = runs again, but the lease of its predecessor is still valid → waits up to 15 s before it works
lease-lost = could not renew its lease for 10 s: another { $program } might work by now → ends, and is started again
