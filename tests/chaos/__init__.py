"""Everything is killed while everything goes wrong, and at the end nothing is lost and nothing is there twice."""
