"""The files of the system and of Python that students' processes see, read-only, beside the labs' own."""

import os
import sys

# What programs need of the system; PyTorch reads off the last two which processor it has.
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"),
    *("/proc/cpuinfo", "/sys/devices/system/cpu"),
)
PYTHON = (sys.base_prefix, os.path.realpath(sys.base_prefix), sys.prefix)
