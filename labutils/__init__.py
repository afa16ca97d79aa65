"""The lab equipment of a course on sparse optimisation and quantization.

Import what a lab needs by module (`from labutils import descent, plotting`); this file imports nothing, so that
`import labutils` costs nothing and Lab 1 never loads torch.
"""

__version__ = "1.0.0"
