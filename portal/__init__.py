"""The roof: settings, addresses, processes. It imports the apps; none of them imports it."""
