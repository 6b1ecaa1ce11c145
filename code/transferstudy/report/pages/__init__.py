"""What single pages say, draw and tabulate: a module for each page that needs one."""
