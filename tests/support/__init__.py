"""What several test files use: instances for the contracts, planted mistakes, slow oracles."""
