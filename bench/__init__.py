"""How fast, how fresh and how large: `make bench` measures each figure beside its reference, in one run."""
