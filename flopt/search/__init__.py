"""Which plans to try: proposals, workers, and the study that keeps what is done."""
