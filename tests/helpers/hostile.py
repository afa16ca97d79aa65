"""Submissions made of attacks: notebooks and zips from a grammar, the same ones from the same seed.

The answer of question (a) attacks, that of (b) is right: so whatever happens to (a), (b) keeps its points, unless the
file itself is spoilt.
"""

import io
import json
import random
import zipfile

# What an answer returns.
VALUES = (
    """
np.zeros([6] * 9, "i1")|np.zeros([2] * 18)|np.zeros((0,) * 20)|np.full(5, 10**400)|[[[]]] * 50_000|"x" * 5_000_000
10**6000|-(10**4000)|[1.5] * 400_000|(n for n in range(9))|iter([])|{}|set()|1j|b"x"|None|...|float("nan")|object
np.array([object()])|np.array(["<script>alert(1)</script>"])|np.ma.masked_all(5)|np.matrix([[1, 2]])|memoryview(b"x")
np.broadcast_to(np.zeros(1), (10**5, 10**5))|np.zeros(5, "c16")|np.zeros(5, "M8[s]")|np.zeros(5, [("a", "f8")])
"\x1b[31m\u202e\x00"|"=cmd|' /C calc'!A0"|"<img src=x onerror=alert(1)>"|"../" * 50|type("E", (float,), {})(1)
type("R", (), {"__repr__": lambda self: 1 / 0})()|type("L", (list,), {"__len__": lambda self: 10**9})([1])
type("A", (), {"__array__": lambda self, *a, **k: np.zeros(10**7)})()|np.float16("inf")|[float("inf")] * 5|True
type("N", (np.ndarray,), {"shape": property(lambda self: (5,))})((2,))|np.zeros(5).view(type("V", (np.ndarray,), {}))
""".strip()
    .replace("\n", "|")
    .split("|")
)
# What else it does, as statements in its function or in its cell.
DEEDS = """
os._exit(0)
os._exit(137)
os.abort()
os.kill(os.getpid(), 9)
os.kill(os.getpid(), signal.SIGSTOP)
os.kill(os.getppid(), 9)
os.killpg(0, 15)
ctypes.string_at(0)
while True: pass
time.sleep(1000)
signal.alarm(1); time.sleep(30)
raise SystemExit
raise KeyboardInterrupt
raise type("E", (Exception,), {"__str__": lambda self: 1 / 0})
raise type("E", (BaseException,), {"__str__": lambda self: "x" * 10**7})
raise ValueError("\\x1b[2J\\u202e" * 1000)
raise ExceptionGroup("many", [ValueError("x")] * 1000)
assert False, "<script>alert(1)</script>"
sys.setrecursionlimit(10**6); f = lambda n: f(n); f(0)
bytearray(10**11)
[bytearray(10**7) for _ in range(10**4)]
[os.fork() for _ in range(12)]
[threading.Thread(target=time.sleep, args=(100,), daemon=True).start() for _ in range(300)]
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print("x" * 10**8)
[print("\\x1b[31m\\x00\\u202e") for _ in range(10**4)]
sys.stderr.write("x" * 10**7)
os.close(0); os.close(1); os.close(2)
os.closerange(0, 100)
[os.write(n, b"x" * 64) for n in range(3, 20) if os.path.exists(f"/proc/self/fd/{n}")]
[writes(n, b"\\0" * 7 + b"\\x02{}") for n in range(3, 30)]
[writes(n, b"\\xff" * 8) for n in range(3, 30)]
[writes(n, (10**6).to_bytes(8, "big") + b"[" * 10**6) for n in range(3, 30)]
[reads(n) for n in range(3, 30)]
sys.stdin.read(); input()
json.dumps = lambda *a, **k: '{"value": [0, 0, 0, 0, 0], "number": 3}'
json.loads = None
np.allclose = np.array_equal = lambda *a, **k: True
np.ndarray = list
sys.modules["numpy"] = sys.modules["exchange"] = None
sys.modules.clear()
builtins.exec = builtins.compile = builtins.isinstance = None
builtins.__import__ = None
builtins.print = builtins.len = lambda *a: 10**9
type.__call__
checks.Report.points = property(lambda self: 100)
checks.lab1_a = checks.lab1_b = lambda *a: None
sys.settrace(lambda *a: None); sys.setprofile(lambda *a: None)
sys._getframe(1).f_globals.clear()
[f.clear() for f in gc.get_objects() if type(f) is dict and "request" in f]
gc.disable(); gc.freeze()
atexit.register(os._exit, 0)
sys.excepthook = sys.unraisablehook = None
warnings.simplefilter("error"); warnings.warn("x")
np.seterr(all="raise"); np.ones(1) / 0
os.environ.clear()
os.chdir("/"); os.listdir("/proc")
os.symlink("/etc/passwd", "link"); open("link").read()
os.mkfifo("pipe"); open("pipe").read()
open("/dev/zero").read(10**9)
open(OUTSIDE, "w").write("stolen")
open(OUTSIDE).read()
open("/usr/x", "w")
open("/dev/shm/x", "wb").write(bytes(10**9))
os.truncate("file", 10**12)
[os.mkdir("d" * 100 + str(n)) for n in range(10**6)]
shutil.rmtree("/", ignore_errors=True)
os.chmod("/", 0o777)
os.setuid(0)
os.nice(-20)
socket.create_connection(("127.0.0.1", 22), 1)
socket.socketpair()
urllib.request.urlopen("http://example.org", timeout=1)
ctypes.CDLL(None).shmget(0, 10**9, 0o1600)
ctypes.CDLL(None).unshare(0x10000000)
ctypes.CDLL(None).ptrace(16, 1, 0, 0)
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
resource.setrlimit(resource.RLIMIT_AS, (10**6, 10**6))
faulthandler.dump_traceback_later(1, exit=True)
exec("def gradient_step(*a): return 0") or globals().update(gradient=len)
del globals()["gradient_step"]
pickle.loads(b"cos\\nabort\\n(tR.")
import no_such_module
from os import *
""".strip().splitlines()
IMPORTS = (
    "import atexit, builtins, ctypes, faulthandler, gc, json, os, pickle, resource, shutil, signal, socket, subprocess"
)
HELPERS = """
import sys, threading, time, urllib.request, warnings
import numpy as np
from labutils import checks
def writes(n, data):
    try: os.write(n, data)
    except OSError: pass
def reads(n):
    try: os.set_blocking(n, False); os.read(n, 10**6)
    except (OSError, ValueError): pass
"""


def answer(seed, rng, outside):
    """Return the source of an answer to (a) that attacks; 170 seeds in a row hold every deed and value."""
    deeds = [DEEDS[seed % len(DEEDS)], *rng.sample(DEEDS, rng.randint(0, 1))] if seed % 4 else []
    deeds = [deed.replace("OUTSIDE", repr(str(outside))) for deed in deeds]
    above, inside = (deeds[:1], deeds[1:]) if rng.random() < 0.4 else ([], deeds)
    body = "\n".join(f"    {line}" for line in [*inside, f"return {VALUES[seed % len(VALUES)]}"])
    return "\n".join([IMPORTS, HELPERS, *above, f"def gradient(X, y, w):\n{body}"])


def spoil(rng, plain):
    """Spoil a notebook, a dict, in place, in what is not the text of an answer."""
    cells = plain["cells"]
    place = rng.randrange(len(cells))
    deeds = [
        lambda: cells[place].pop("source"),
        lambda: cells[place].update(source=rng.choice([3, None, [], {}, ["a", 3], "\ud800", "x" * 300_000])),
        lambda: cells[place].update(
            metadata=rng.choice([None, [], 3, {"nbgrader": []}, {"nbgrader": {"grade_id": []}}])
        ),
        lambda: cells[place].update(cell_type=rng.choice(["raw", "heading", None, 3, "code"])),
        lambda: cells[place].update(id=rng.choice([None, 3, "", "x" * 1000])),
        lambda: cells[place].update(outputs=rng.choice([None, 3, [3], [{"data": 3}], [{"output_type": "x" * 10**6}]])),
        lambda: cells.extend([json.loads(json.dumps(cells[place]))] * rng.randint(1, 30)),
        lambda: cells.pop(place),
        lambda: rng.shuffle(cells),
        lambda: plain.update(nbformat=rng.choice([3, 5, None, "4"])),
        lambda: plain.update(cells=rng.choice([None, [], 3, [3], [[]]])),
        lambda: plain.update(metadata=rng.choice([None, 3, {"kernelspec": []}])),
    ]
    for deed in rng.sample(deeds, rng.randint(1, 2)):
        if plain["cells"] is cells and len(cells) > place:
            deed()


def zipped(rng, content, name):
    """Return the bytes of a zip with a notebook in it, and what zips attack with."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for other in rng.sample(["../../outside", "/outside", "a/" * 200 + "x", "\x1b[31m.ipynb", "con", "..\\x"], 2):
            archive.writestr(other, "x")
        if rng.random() < 0.3:
            archive.writestr("bomb.txt", bytes(50_000_000))
        if rng.random() < 0.3:
            link = zipfile.ZipInfo("link.ipynb")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
        archive.writestr(rng.choice([name, f"a/b/{name}", f"Copy of {name}", name.upper()]), content)
    raw = file.getvalue()
    return raw[: rng.randrange(len(raw))] if rng.random() < 0.15 else raw


def submission(seed, notebook, outside):
    """Return ({name: bytes}, whether (b) must keep its points) of one hostile submission.

    Parameters: notebook, (its file's name, what it holds, a dict) as a student hands it in who has all right; outside,
        the path of a file that nobody may change.
    """
    rng = random.Random(seed)
    name, plain = notebook
    plain = json.loads(json.dumps(plain))
    for cell in plain["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "lab1_a_answer":
            cell["source"] = answer(seed, rng, outside)
    spoilt = rng.random() < 0.3
    if spoilt:
        spoil(rng, plain)
    raw = json.dumps(plain).encode()
    if rng.random() < 0.05:
        raw, spoilt = rng.choice([raw[: len(raw) // 2], b"\xff\xfe" + raw, b"", b"[" * 10**6, raw * 2]), True
    if rng.random() < 0.15:
        return {f"{seed}.zip": zipped(rng, raw, name)}, False
    return {f"{seed}/{name}": raw}, not spoilt
