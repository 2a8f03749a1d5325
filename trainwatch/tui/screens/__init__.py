"""The screens, one module each: thin views over a snapshot."""
