"""The system calls that students' processes are refused.

Most make memory which belongs to no process and no limit counts: memfd_create, memfd_secret, shmget, semget, msgget,
mq_open, socket, socketpair. The rest reach the kernel's keys, where one student could leave what another reads, or much
of the kernel that no answer needs: add_key, request_key, keyctl, io_uring_setup, io_uring_enter, io_uring_register,
userfaultfd, bpf, perf_event_open.
"""

import platform
import sys

_NEW = (425, 426, 427, 447)  # the same on both
_BY_MACHINE = {  # what its processor is called in a filter, and the numbers of these calls
    "x86_64": (0xC000003E, (*_NEW, 319, 29, 64, 68, 240, 41, 53, 248, 249, 250, 323, 321, 298)),
    "aarch64": (0xC00000B7, (*_NEW, 279, 194, 190, 186, 180, 198, 199, 217, 218, 219, 282, 280, 241)),
}
REFUSED = _BY_MACHINE.get(platform.machine()) if sys.platform == "linux" else None
NETWORK = "" if REFUSED else " and your network"  # what code reaches besides, where there are no namespaces
