"""The program that runs a script, times it and finds where its time goes; it runs in the sandbox."""

from collections.abc import Sequence

from ...tools.coding.inputs import input_names

MOST_RUNS, ENOUGH_SECONDS = 5, 20.0
"""The best of some runs says most of a script; one that takes long is run once."""
MOST_FUNCTIONS = 10
TRIAL_SECONDS = 120.0

_PROGRAM = '''\
import contextlib, cProfile, io, json, os, pstats, re, runpy, shutil, sys, time, traceback

SCRIPT, TIMED = {script!r}, {timed!r}
MOST_RUNS, ENOUGH_SECONDS, MOST_FUNCTIONS = {runs}, {enough}, {functions}
# Here the files lie beside the script, and what it writes is new.
FOLDER = "/work/run"
PATH = f"{{FOLDER}}/{{SCRIPT}}"
shutil.rmtree(FOLDER, ignore_errors=True)
os.mkdir(FOLDER)
for name in os.listdir("/work/in"):
    os.symlink(f"/work/in/{{name}}", f"{{FOLDER}}/{{name}}")
os.chdir(FOLDER)


def code_of(path):
    if not path.endswith(".ipynb"):
        return None
    cells = [one for one in json.load(open(path, encoding="utf-8"))["cells"] if one.get("cell_type") == "code"]
    sources = ["".join(one.get("source", "")) for one in cells]
    text = "\\n".join(one for one in sources if not one.startswith("%%"))
    text = re.sub(r"(?m)^([ \\t]*)%time ", r"\\1", text)
    return compile(re.sub(r"(?m)^([ \\t]*)[%!].*$", r"\\1pass", text), path, "exec")


def once():
    for name, one in list(sys.modules.items()):
        if (getattr(one, "__file__", None) or "").startswith(FOLDER):
            del sys.modules[name]
    if PATH.endswith(".ipynb"):
        exec(code_of(PATH), {{"__name__": "__main__"}})
    else:
        runpy.run_path(PATH, run_name="__main__")


def run(quietly=False):
    """Run it; return what it printed, when that is not shown, and how it ended."""
    before, said = (sys.argv, sys.path), io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True)
    sys.argv, sys.path = [PATH], [FOLDER, *sys.path]
    try:
        with contextlib.ExitStack() as stack:
            if quietly:
                stack.enter_context(contextlib.redirect_stdout(said))
                stack.enter_context(contextlib.redirect_stderr(said))
            once()
    except SystemExit as error:
        ended = None if error.code in (None, 0) else error
    except Exception as error:
        ended = error
    else:
        ended = None
    finally:
        sys.argv, sys.path = before
    return said.buffer.getvalue(), ended


def timed(**how):
    wall, used = time.perf_counter(), time.process_time()
    output, ended = run(**how)
    return time.perf_counter() - wall, time.process_time() - used, output, ended


def files():
    return {{os.path.join(folder, name) for folder, _, names in os.walk("/work/out") for name in names}}


trials = [timed()]
ended = trials[0][3]
if "matplotlib.pyplot" in sys.modules:
    sys.modules["matplotlib.pyplot"].show()
shutil.copytree(FOLDER, "/work/out", dirs_exist_ok=True, ignore=lambda folder, names: [
    one for one in names if os.path.islink(f"{{folder}}/{{one}}") or one == "__pycache__"
])
made = files()
while TIMED and len(trials) < MOST_RUNS and sum(one[0] for one in trials) < ENOUGH_SECONDS and not ended:
    trials.append(timed(quietly=True))
    ended = trials[-1][3]

found = {{"script": SCRIPT, "run_seconds": round(min(one[0] for one in trials), 6)}}
found["run_cpu_seconds"] = round(min(one[1] for one in trials), 6)
found["runs"] = len(trials)
found["same_output"] = len({{one[2] for one in trials[1:]}}) <= 1
if ended:
    frames = [one for one in traceback.extract_tb(ended.__traceback__) if one.filename == PATH]
    found["failed"] = f"{{type(ended).__name__}}: {{ended}}"[:300]
    found["failed_line"] = frames[-1].lineno if frames else getattr(ended, "lineno", None)
    of_argparse = isinstance(ended, SystemExit) and ended.code == 2
    found["wants_arguments"] = of_argparse or bool(frames and "argv" in (frames[-1].line or ""))
elif TIMED and found["run_seconds"] < ENOUGH_SECONDS:
    profile = cProfile.Profile()
    with profile:
        run(quietly=True)
    stats = pstats.Stats(profile)
    rows = [
        (total, own, calls, line, name)
        for (path, line, name), (_, calls, own, total, _) in stats.stats.items()
        if path == PATH and name != "<module>"
    ]
    whole = stats.total_tt or 1.0
    found["slowest"] = [
        f"{{name}} (line {{line}}): {{100 * total / whole:.0f}} % of the time, {{own:.4f}} s itself, {{calls}} calls"
        for total, own, calls, line, name in sorted(rows, reverse=True)[:MOST_FUNCTIONS]
    ]
if TIMED:
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    for one in files() - made:  # the first run has left the same
        os.remove(one)
found
'''


def trial(names: Sequence[str], place: int, *, timed: bool) -> str:
    """Return the program that runs one of the files that it is given, with all of them beside it.

    Args:
        names: Names of the files.
        place: Which of them.
        timed: Run it several times, and once under the profiler; else once.
    """
    return _PROGRAM.format(
        script=input_names(names)[place], timed=timed, runs=MOST_RUNS, enough=ENOUGH_SECONDS, functions=MOST_FUNCTIONS
    )
