"""What a run costs: calls, time, memory and dollars, measured on the botocore wire."""
