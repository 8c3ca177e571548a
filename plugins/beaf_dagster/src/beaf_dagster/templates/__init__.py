"""Files that `beaf dagster setup` fills in; they are read as data."""
