"""What the processes of a run showed when they were looked at: stacks and `/proc`, twice."""
