"""The report: one page of its own that shows a study, and prices it anew while somebody looks."""
