"""Telling main containers, sidecars and peers apart: roles with evidence for and against, and how sure that makes us."""
