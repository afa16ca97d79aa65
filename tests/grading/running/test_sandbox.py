"""What a command that runs apart can do, see and leave behind, with namespaces and without."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from labutils.grading.running import cgroup, processes, sandbox
from labutils.grading.running.sandbox import LIMITS_ONLY, NAMESPACES, Ended, Limits, Sandbox

pytestmark = pytest.mark.skipif(not sandbox.POSIX, reason="grading by running needs Linux or macOS")
namespaces = pytest.mark.skipif(
    not sandbox.POSIX or sandbox.in_force() != NAMESPACES, reason="this computer lets nobody make namespaces"
)
KINDS = [pytest.param(NAMESPACES, marks=namespaces, id="namespaces"), pytest.param(LIMITS_ONLY, id="limits only")]
both = pytest.mark.parametrize("kind", KINDS)
both_on_linux = pytest.mark.parametrize("kind", KINDS if sys.platform == "linux" else [])
QUICK = Limits(seconds=30)
PROGRAM = """
import ctypes, json, os, resource, signal, socket, subprocess, sys, time

def tell(value):
    message = json.dumps(value).encode()
    os.write(1, len(message).to_bytes(8, "big") + message)

def attempt(function, *arguments):
    try:
        return function(*arguments)
    except (OSError, MemoryError) as error:
        return type(error).__name__
"""


@pytest.fixture
def start(tmp_path):
    """`start(code, kind, limits)` returns a Sandbox that runs Python code; it is closed after the test."""
    sandboxes = []

    def one(code, kind=None, limits=QUICK, **options):
        room = tmp_path / f"room {len(sandboxes)}"
        room.mkdir()
        sandboxes.append(
            Sandbox([sys.executable, "-c", PROGRAM + code], room, limits=limits, isolation=kind, **options)
        )
        return sandboxes[-1]

    yield one
    for started in sandboxes:
        started.__exit__()


@pytest.fixture
def told(start):
    """`told(code, kind)` returns what the code tells."""

    def one(code, kind=NAMESPACES, **options):
        return json.loads(start(code, kind, **options).ask(b""))

    return one


@pytest.fixture
def ended(start):
    """`ended(code, kind, limits)` returns why the code ended without an answer."""

    def one(code, kind=NAMESPACES, limits=QUICK):
        started = start(code, kind, limits)
        with pytest.raises(Ended) as caught:
            started.ask(b"")
        assert started.process.poll() is not None
        with pytest.raises(Ended, match="^" + str(caught.value)[:20]):
            started.ask(b"again")
        return str(caught.value)

    return one


def is_running(pid):
    """Return whether a process runs, a moment later at the latest; a zombie doesn't."""
    for _ in range(50):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.02)
    return True


@both
def test_it_answers_messages_of_any_size_that_is_allowed(start, kind):
    started = start(
        "while True:\n n = int.from_bytes(sys.stdin.buffer.read(8), 'big'); tell(len(sys.stdin.read(n)))", kind
    )
    for size in (0, 1, 300_000):
        assert started.ask(b"x" * size) == str(size).encode()
    started.close()
    started.close()


@both
def test_how_it_ended_is_told(ended, kind):
    assert ended("os._exit(7)", kind) == "its process was ended with exit code 7"
    assert ended("1 / 0", kind).endswith("with exit code 1: ZeroDivisionError: division by zero")
    assert ended("os.kill(os.getpid(), 9)", kind) == "its process was ended by SIGKILL"
    assert ended("ctypes.string_at(0)", kind) == "its process was ended by SIGSEGV"


def test_a_closed_channel_is_an_end(ended):
    assert ended("os.close(1); time.sleep(60)", LIMITS_ONLY) == "it closed its channel"


@both
def test_a_process_that_is_gone_is_noticed_within_seconds(ended, kind):
    start = time.monotonic()
    ended("os._exit(0)", kind)
    assert time.monotonic() - start < 30


@both
def test_time_is_limited(ended, kind):
    assert ended("while True: pass", kind, Limits(seconds=1)) == "it ran longer than 1 s"
    assert ended("while True: pass", kind, Limits(cpu_seconds=1)) == "its process was ended by SIGXCPU"
    assert ended("while True: os.write(1, b'0')", kind, Limits(seconds=1)) != ""


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="the system does not count it")
def test_waiting_for_a_processor_that_others_have_is_no_time_of_its_own(ended, monkeypatch):
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(own)})
    spin = [sys.executable, "-c", "print(1, flush=True)\nwhile True: pass"]
    others = [subprocess.Popen(spin, stdout=subprocess.PIPE, start_new_session=True) for _ in range(3)]
    try:
        assert all(one.stdout.read(1) for one in others)
        # One second of work takes four beside three others; what it takes to start on a busy computer comes on top.
        works = "while time.process_time() < 1: pass\nos._exit(7)"
        assert ended(works, limits=Limits(seconds=2.5)) == "it ran longer than 2.5 s"
        assert ended(works, limits=Limits(seconds=2.5, patience=60)) == "its process was ended with exit code 7"
        assert ended("time.sleep(60)", limits=Limits(seconds=2.5, patience=60)) == "it ran longer than 2.5 s"
    finally:
        os.sched_setaffinity(0, own)
        for one in others:
            one.kill()
            one.communicate()


@both
def test_memory_is_limited(told, ended, kind):
    assert told("tell(attempt(bytearray, 100 * 10**9))", kind) == "MemoryError"
    together = (
        "for _ in range(6): os.fork()\nb = bytearray(10**8)\nfor i in range(0, 10**8, 4096): b[i] = 1\ntime.sleep(60)"
    )
    assert ended(together, kind, Limits(memory=300_000_000)) == "it used more than 0.3 GB of memory"


FORKS = """
def fork():
    for count in range(500):
        if os.fork() == 0:
            time.sleep(100)
            os._exit(0)
tell(attempt(fork))
"""


@namespaces
def test_processes_are_limited(told):
    assert told(FORKS, limits=Limits(processes=50)) == "BlockingIOError"


def test_processes_are_counted_where_there_are_no_namespaces(start):
    started = start(FORKS + "time.sleep(60)", LIMITS_ONLY, Limits(processes=50))
    with pytest.raises(Ended, match="it started more than 50 processes"):
        while True:
            started.ask(b"")


@both
def test_files_are_limited(told, kind):
    fill = "def fill(): open('file', 'wb').write(bytes(2_000_000))\ntell(attempt(fill))"
    assert told(fill, kind, limits=Limits(file_size=1_000_000)) == "OSError"


@namespaces
def test_all_files_together_are_limited(told):
    fill = "def fill():\n for i in range(10): open(str(i), 'wb').write(bytes(1_000_000))\ntell(attempt(fill))"
    assert told(fill, limits=Limits(disk=5_000_000)) == "OSError"


@namespaces
def test_files_without_end_are_limited(told):
    touch = "def touch():\n for i in range(30_000): os.close(os.open(str(i), os.O_CREAT))\ntell(attempt(touch))"
    assert told(touch) == "OSError"


@both_on_linux
def test_memory_that_belongs_to_no_process_is_refused(told, kind):
    code = """
c = ctypes.CDLL(None)
queues = [c.shmget(0, 4096, 0o1600), c.msgget(0, 0o1600), c.semget(0, 1, 0o1600), c.mq_open(b"/x", 0o102, 0o600, None)]
tell([attempt(os.memfd_create, "x"), attempt(socket.socketpair), attempt(socket.socket), *queues, os.getpid() > 0])
"""
    assert told(code, kind) == ["PermissionError"] * 3 + [-1] * 4 + [True]


@both_on_linux
def test_the_kernels_keys_and_what_no_answer_needs_of_it_are_refused(told, kind):
    numbers = {"x86_64": (248, 249, 250, 425, 323, 321, 298), "aarch64": (217, 218, 219, 425, 282, 280, 241)}
    called = numbers[os.uname().machine]
    code = "c = ctypes.CDLL(None, use_errno=True)\n"
    code += f"tell([(c.syscall(n, 0, 0, 0, 0, 0), ctypes.get_errno()) for n in {called}])"
    assert told(code, kind) == [[-1, 1]] * len(called)


@namespaces
def test_terminals_are_its_own(told):
    assert told("a, b = os.openpty(); tell([os.ttyname(b), sorted(os.listdir('/dev/pts'))])") == [
        "/dev/pts/0",
        ["0", "ptmx"],
    ]


@namespaces
@pytest.mark.skipif(cgroup._parent() is None, reason="this user may make no cgroup")
def test_memory_that_the_kernel_holds_for_it_is_limited_too(start):
    pages = """
import mmap
parts = [mmap.mmap(-1, 2**32, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_NORESERVE, mmap.PROT_READ)
         for _ in range(30)]
for part in parts:
    for place in range(0, len(part), 4096): part[place]
tell(1)
"""
    started = start(pages, NAMESPACES, Limits(memory=50_000_000, disk=1_000_000)._replace(seconds=30))
    assert started.cgroup.exists()
    with pytest.raises(Ended):
        started.ask(b"")
    assert not started.cgroup.exists()


@both
def test_output_is_cut(start, kind):
    limits = Limits(file_size=1_000_000)
    started = start("tell(attempt(lambda: [os.write(2, bytes(100_000)) for _ in range(100)]))", kind, limits)
    assert json.loads(started.ask(b"")) == "OSError"
    assert started.output_is_full()
    assert os.path.getsize(started.output.name) == 1_000_000
    quiet = start("tell(1)", kind, limits)
    quiet.ask(b"")
    assert not quiet.output_is_full()


@both
def test_an_answer_may_not_be_endless(ended, kind):
    assert ended("os.write(1, (10**15).to_bytes(8, 'big'))", kind) == "it answered with more than 16 MB"


@both
def test_the_environment_is_its_own(told, kind, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    found = told("tell([dict(os.environ), os.getcwd()])", kind, environment={"EXTRA": "1"})
    assert set(found[0]) - {"LC_CTYPE"} == {"PATH", "LANG", "USER", "HOME", "TMPDIR", "PWD", "EXTRA"}
    assert found[0]["HOME"] == found[1] != os.environ.get("HOME")


@both
def test_it_writes_into_its_own_folder_which_is_empty_at_first(told, kind):
    assert told("tell([os.listdir(), open('a', 'w').write('b'), os.listdir()])", kind) == [[], 1, ["a"]]


@namespaces
def test_it_sees_what_is_readable_and_nothing_else(told, tmp_path):
    for name in ("shown", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    paths = [str(tmp_path), str(tmp_path / "shown"), str(tmp_path / "hidden")]
    listed = told(f"tell([attempt(os.listdir, path) for path in {paths}])", readable=[tmp_path / "shown"])
    assert sorted(listed[0]) == ["room 0", "shown"]
    assert listed[1:] == [["file"], "FileNotFoundError"]


@namespaces
def test_it_sees_neither_the_bundle_nor_the_users_files(told):
    bundle = Path(sandbox.__file__).parents[2]
    paths = [bundle / "notebooks", bundle / "tests", "/etc/passwd", "/home", "/proc/1", "/var", Path.home() / ".ssh"]
    assert told(f"tell([os.path.exists(path) for path in {[*map(str, paths)]}])") == [False] * len(paths)


@namespaces
def test_it_writes_nowhere_else(told, tmp_path):
    shown = tmp_path / "shown"
    shown.mkdir()
    shown.chmod(0o777)
    folders = ["/", "/usr", "/usr/bin", "/dev", sys.prefix, sys.base_prefix, str(shown), str(tmp_path / "room 0")]
    code = f"tell([attempt(open, os.path.join(folder, 'x'), 'w') for folder in {folders}])"
    found = told(code, readable=[shown])
    assert set(found) <= {"OSError", "PermissionError"}
    assert not list(shown.iterdir())


@both_on_linux
def test_it_reaches_no_network(told, kind):
    code = """
def connect(): socket.create_connection(("127.0.0.1", 80), 1)
def resolve(): socket.getaddrinfo("example.org", 80)
tell([attempt(connect), attempt(resolve), attempt(socket.if_nameindex)])
"""
    assert told(code, kind) == ["PermissionError", "gaierror", "PermissionError"]


@namespaces
def test_it_has_no_privileges_to_undo_this(told):
    code = """
library = ctypes.CDLL(None, use_errno=True)
new_mounts, new_user = 0x20000, 0x10000000
tell([library.unshare(new_mounts), library.unshare(new_user), library.umount2(b"/usr", 2), attempt(os.chroot, "/usr"),
      attempt(os.kill, 1, 9), subprocess.run(["/bin/sh", "-c", "exit 3"]).returncode, os.getpid() < 10])
"""
    assert told(code) == [-1, -1, -1, "PermissionError", None, 3, True]


LEAVE = """
child = os.fork()
if child == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(300)
    os._exit(0)
os.waitpid(child, 0)
tell("left")
"""


@both
@pytest.mark.parametrize("end", ["os._exit(0)", "time.sleep(300)"], ids=["it ends", "it is ended"])
def test_nothing_that_it_started_is_left(start, kind, end):
    started = start(LEAVE + "time.sleep(1)\n" + end, kind)
    started.ask(b"")
    family = [process.pid for process in processes.family(started.process.pid)]
    assert len(family) == (3 if kind == NAMESPACES else 2)
    if "_exit" in end:
        with pytest.raises(Ended):
            started.ask(b"")
    started.close()
    assert not any(map(is_running, family))


@both_on_linux
def test_the_grader_cannot_be_looked_into(tmp_path, kind):
    owner = f"""
import os, sys
from labutils.grading.running import processes, sandbox
processes.shut()
look = "import os\\nfor name in ('environ', 'mem', 'maps', 'fd/0'):"
look += f"\\n try: open('/proc/{{os.getpid()}}/' + name, 'rb').read(1); print(name, 'was read')"
look += "\\n except OSError: pass\\nprint('end')"
started = sandbox.Sandbox([sys.executable, "-c", look], {str(tmp_path)!r}, isolation={kind!r})
print(started.read(4))
"""
    found = subprocess.run([sys.executable, "-c", owner], capture_output=True, text=True, env=os.environ | {"KEY": "1"})
    assert found.stdout == "b'end\\n'\n", found.stderr


@both
def test_it_ends_with_the_process_that_asked_for_it(tmp_path, kind):
    owner = f"""
import sys, time
from labutils.grading.running import processes, sandbox
command = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(300)"]
started = sandbox.Sandbox(command, {str(tmp_path)!r}, isolation={kind!r})
started.read(1)
print(*[process.pid for process in processes.family(started.process.pid)], flush=True)
time.sleep(300)
"""
    with subprocess.Popen([sys.executable, "-c", owner], stdout=subprocess.PIPE, text=True) as process:
        family = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert family and not any(map(is_running, family))


@pytest.mark.skipif(sandbox.in_force() != NAMESPACES if sandbox.POSIX else True, reason="no namespaces here")
def test_root_of_a_container_without_roots_rights_has_namespaces_too():
    words = ["unshare", "--user", "--map-root-user", sys.executable, "-c"]
    look = "from labutils.grading.running import sandbox; print(sandbox.in_force())"
    found = subprocess.run([*words, look], capture_output=True, text=True)
    if found.returncode and "unshare" in found.stderr:
        pytest.skip("namespaces within namespaces are refused here")
    assert found.stdout.strip() == NAMESPACES, found.stderr


def test_where_there_is_no_unshare_the_isolation_says_so(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert sandbox.in_force.__wrapped__() == LIMITS_ONLY


def test_where_unshare_is_refused_the_isolation_says_so(monkeypatch):
    monkeypatch.setattr(sandbox, "APART", ("--no-such-option",))
    assert sandbox.in_force.__wrapped__() == LIMITS_ONLY


def test_where_there_are_no_such_processes_it_says_what_to_do(monkeypatch, refused):
    monkeypatch.setattr(sandbox, "POSIX", False)
    with refused("--stored"):
        sandbox.in_force.__wrapped__()
