"""A folder of pictures: what lies in it, which pictures are used, and how they are read."""
