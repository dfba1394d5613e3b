"""Microsoft's cloud, pretended: Entra and Graph security for the demo and the tests. It imports nothing of ours."""
