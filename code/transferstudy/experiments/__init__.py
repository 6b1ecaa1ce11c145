"""Questions beside the grid of runs, a folder or a module each."""
