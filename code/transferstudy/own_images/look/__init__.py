"""Looking at a folder before anything is trained."""
