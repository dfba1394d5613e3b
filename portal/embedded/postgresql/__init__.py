"""Django's PostgreSQL backend, which starts the embedded server and holds the database against its cloud."""
