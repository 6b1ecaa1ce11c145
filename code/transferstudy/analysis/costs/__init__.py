"""What runs cost, and what others would cost."""
