"""Making the runs that are missing: here, in several processes, or on a cluster that exists."""
