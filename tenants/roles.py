"""The three roles by which we come to the database; which one a process has, its start decides."""

OWNER, WEB, WORKER = "utkik_owner", "utkik_web", "utkik_worker"
# By the name that a process has for it.
ROLES = {"owner": OWNER, "web": WEB, "worker": WORKER}
