"""Real servers for those who have none: PostgreSQL and Valkey from wheels, kept under STATE_DIR.

Whoever needs a server starts it, under a file lock; it outlives the command that did and holds none of its files.
"""
