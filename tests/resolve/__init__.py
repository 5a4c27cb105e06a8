"""The resolver against a second one, against its laws, and against the hard cases."""
