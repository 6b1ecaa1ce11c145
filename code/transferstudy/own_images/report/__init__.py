"""What a study found, and the report and slides that say so."""
