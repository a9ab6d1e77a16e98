"""Events and features at rest: recordings, feature tables, files."""
