"""People: who they are, what they may do here, how they sign in."""
