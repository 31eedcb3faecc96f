"""业务办理: search and process."""
