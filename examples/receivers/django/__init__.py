"""For Django: an app with two tables, to be added to INSTALLED_APPS as `examples.receivers.django`."""
