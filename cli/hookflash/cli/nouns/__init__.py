"""One module for each noun of the command; each verb is a few lines around one call of the API."""
