"""Drawing: one module for each figure, its facts first and its picture second, so that tests test facts."""
