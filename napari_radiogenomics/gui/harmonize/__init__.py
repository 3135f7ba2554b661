"""The Harmonize dock: how much of the features is the site, before and after."""
