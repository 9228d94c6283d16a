"""What users should hear of: kept until its cause is gone, seen or not by each of them."""
