"""The heart: incidents and alerts of every customer, brought in by sync, kept by store, shown in the queue."""
