"""What is there, and does Dagster's event log know it? Outputs and inputs become events, once."""
