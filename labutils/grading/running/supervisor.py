"""The program that starts a command apart; `sandbox` runs it, as a file of its own, on plain Python.

It builds a file system that holds only what the command may see, gives up every privilege, sets the limits, starts the
command, and ends whatever is left of it when the command ends or the one who asked for it is gone.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import struct
import sys

MOST_FILES = 20_000  # an empty one takes memory too
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _ATTR_RDONLY_NOSUID_NODEV = 442, -100, 0x8000, 1 | 2 | 4
_PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 24, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_SECCOMP, _SECCOMP_FILTER, _ALLOW, _REFUSE = 22, 2, 0x7FFF0000, 0x00050000 | 1  # with EPERM


def _call(name, *arguments):
    """Call a function of the C library; raise OSError where it fails."""
    arguments = [word.encode() if isinstance(word, str) else word for word in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def _show(path, root):
    """Make a file or folder visible, read-only, at the same path below `root`; a link stays a link."""
    target = root + path
    if os.path.lexists(target) or not os.path.lexists(path):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT))
    _call("mount", path, target, None, _MS_BIND | _MS_REC, None)
    if path not in DEVICES:
        _freeze(target)


def _freeze(target, flags=_AT_RECURSIVE):
    """Make what is mounted at `target` read-only, by default with the mounts inside it."""
    attributes = struct.pack("QQQQ", _ATTR_RDONLY_NOSUID_NODEV, 0, 0, 0)
    _call("syscall", _SYS_MOUNT_SETATTR, _AT_FDCWD, target, flags, attributes, len(attributes))


def _hide_files(plan):
    """Move into a file system that holds what is readable, and an empty folder of its own."""
    root, folder, user = plan["root"], plan["folder"], plan["user"] or 0
    _call("mount", None, "/", None, _MS_REC | _MS_PRIVATE, None)
    _call("mount", "tmpfs", root, "tmpfs", _MS_NOSUID, "size=1m,mode=755")
    for path in (*plan["readable"], *DEVICES):
        _show(path, root)
    os.symlink(folder, f"{root}/dev/shm")
    os.mkdir(f"{root}/dev/pts")  # terminals of its own, for a cell that begins with !
    _call("mount", "devpts", f"{root}/dev/pts", "devpts", _MS_NOSUID, "newinstance,ptmxmode=0666,mode=620,max=16")
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    os.makedirs(root + folder, exist_ok=True)
    _freeze(root, flags=0)
    size = f"size={plan['limits']['disk']},nr_inodes={MOST_FILES},mode=700,uid={user},gid={user}"
    _call("mount", "tmpfs", root + folder, "tmpfs", _MS_NOSUID | _MS_NODEV, size)
    os.chroot(root)
    os.chdir("/")


def _give_up_privileges(user):
    """Become the user `user`, where that is a number, and lose every capability for good."""
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    with contextlib.suppress(OSError):  # it lacks the right to, and so the capabilities themselves
        for capability in range(64):
            _call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
    _call("capset", struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(24))


def _refuse_calls(processor, numbers):
    """Have the kernel refuse calls of these numbers, and all calls by another processor's numbers, for good."""
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06  # a filter's instructions: code, steps if so, if not, operand
    left = len(numbers) + 1
    steps = [(load, 0, 0, 4), (equal, 0, left + 2, processor), (load, 0, 0, 0), (above, left, 0, 0x40000000)]
    steps += [(equal, left - 1 - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(give, 0, 0, _ALLOW), (give, 0, 0, _REFUSE)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    _call("prctl", _PR_SET_SECCOMP, _SECCOMP_FILTER, program, 0, 0)


def _set_limits(given, isolated):
    import resource

    limits = {"CORE": 0, "CPU": given["cpu_seconds"], "FSIZE": given["file_size"], "NOFILE": 512}
    limits |= {"DATA": given["memory"], "AS": 4 * given["memory"], "SIGPENDING": 1000, "MSGQUEUE": 0}
    if isolated:  # elsewhere it would count all processes of this user
        limits["NPROC"] = given["processes"]
    for name, value in limits.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):  # macOS knows or grants fewer
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value + (name == "CPU")))


def supervise(plan):
    """Run the command of a plan; return its exit code, after which nothing of it is left."""
    isolated = plan["root"] is not None

    def refuse():
        if plan["refused"]:
            _refuse_calls(*plan["refused"])

    if plan["cgroup"]:
        with open(plan["cgroup"], "w") as group:
            group.write("0")
    if isolated:
        _hide_files(plan)
        _give_up_privileges(plan["user"])
        refuse()
    elif sys.platform == "linux":
        _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(plan["folder"])
        if not isolated and sys.platform == "linux":
            if plan["user"] is not None:
                os.chown(plan["folder"], plan["user"], plan["user"])
            _give_up_privileges(plan["user"])
            refuse()
        _set_limits(plan["limits"], isolated=isolated or plan["user"] is not None)
        os.execv(plan["command"][0], plan["command"])
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)  # so that who reads sees the end when the command ends
    poll = select.poll()
    poll.register(0, 0)  # no event but the other end's hanging up
    ended, code = 0, 0
    while ended != child and not poll.poll(50):
        ended, status = os.waitpid(-1, os.WNOHANG)
        code = os.waitstatus_to_exitcode(status) if ended == child else 0
    if not isolated:  # in namespaces everything ends with this process
        _end_rest(child)
    return 128 - code if code < 0 else code


def _end_rest(child):
    """Kill the command's group and, on Linux, all that it left behind: its orphans become this process's children."""
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(OSError):  # ends where there are no more children to wait for
        while sys.platform == "linux":
            with open(f"/proc/self/task/{os.getpid()}/children") as children:
                for orphan in children.read().split():
                    os.kill(int(orphan), signal.SIGKILL)
            os.waitpid(-1, 0)


if __name__ == "__main__":
    sys.exit(supervise(json.loads(sys.argv[1])))
