"""One run, in the steps that the documents name. Imports `domain`, `notify` and `ports`."""
