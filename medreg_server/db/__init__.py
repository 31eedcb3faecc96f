"""The register's storage: the only package of the service that knows SQL."""
