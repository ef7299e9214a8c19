"""The project: settings, addresses, WSGI entry point."""
