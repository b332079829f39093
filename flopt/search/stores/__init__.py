"""Where a search is kept: a journal in a folder, or a database that several drivers share."""
