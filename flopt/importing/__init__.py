"""Runs that were made elsewhere, read into a study folder: one module for each format, one writer for all."""
