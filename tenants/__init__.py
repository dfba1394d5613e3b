"""Customers and their directories: who may see whom, and the door to a customer's cloud."""
