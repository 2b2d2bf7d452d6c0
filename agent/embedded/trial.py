"""The program that times a script and finds where its time goes; it runs in the sandbox."""

from collections.abc import Sequence

from ...tools.coding.inputs import input_names

MOST_RUNS, ENOUGH_SECONDS = 5, 20.0
"""The best of some runs says most of a script; one that takes long is run once."""
MOST_FUNCTIONS = 10
TRIAL_SECONDS = 120.0

_PROGRAM = '''\
import contextlib, cProfile, io, json, os, pstats, runpy, sys, time, traceback

PATH = {path!r}
MOST_RUNS, ENOUGH_SECONDS, MOST_FUNCTIONS = {runs}, {enough}, {functions}


def code_of(path):
    if not path.endswith(".ipynb"):
        return None
    cells = [one for one in json.load(open(path, encoding="utf-8"))["cells"] if one.get("cell_type") == "code"]
    lines = "\\n".join("".join(one.get("source", "")) for one in cells).split("\\n")
    return compile("\\n".join("pass" if one.lstrip()[:1] in ("%", "!") else one for one in lines), path, "exec")


NOTEBOOK = code_of(PATH)


def once():
    if NOTEBOOK is None:
        runpy.run_path(PATH, run_name="__main__")
    else:
        exec(NOTEBOOK, {{"__name__": "__main__"}})


def quietly(work):
    """Run with its output kept; return it, and how it ended."""
    said, before = io.StringIO(), sys.argv
    sys.argv = [PATH]
    try:
        with contextlib.redirect_stdout(said):
            work()
    except SystemExit as error:
        ended = None if error.code in (None, 0) else error
    except Exception as error:
        ended = error
    else:
        ended = None
    finally:
        sys.argv = before
    return said.getvalue(), ended


times, cpu, outputs, ended = [], [], [], None
while len(times) < MOST_RUNS and sum(times) < ENOUGH_SECONDS and not ended:
    wall, used = time.perf_counter(), time.process_time()
    output, ended = quietly(once)
    times.append(time.perf_counter() - wall)
    cpu.append(time.process_time() - used)
    outputs.append(output)

found = {{"run_seconds": round(min(times), 6), "run_cpu_seconds": round(min(cpu), 6), "runs": len(times)}}
found["output_characters"] = len(outputs[0])
found["same_output"] = len(set(outputs)) == 1
if ended:
    frames = [one for one in traceback.extract_tb(ended.__traceback__) if one.filename == PATH]
    found["failed"] = f"{{type(ended).__name__}}: {{ended}}"[:300]
    found["failed_line"] = frames[-1].lineno if frames else getattr(ended, "lineno", None)
elif min(times) < ENOUGH_SECONDS:
    profile = cProfile.Profile()
    with profile:
        quietly(once)
    stats = pstats.Stats(profile)
    rows = [
        (total, own, calls, line, name)
        for (path, line, name), (_, calls, own, total, _) in stats.stats.items()
        if path == PATH and name != "<module>"
    ]
    whole = stats.total_tt or 1.0
    for total, own, calls, line, name in sorted(rows, reverse=True)[:MOST_FUNCTIONS]:
        share = f"{{100 * total / whole:.0f}} % of the time"
        print(f"{{name}} (line {{line}}): {{share}}, {{own:.4f}} s itself, {{calls}} calls")
found
'''


def trial(names: Sequence[str], place: int) -> str:
    """Return the program that times one of the files that it is given.

    Args:
        names: Names of the files.
        place: Which of them.
    """
    path = f"/work/in/{input_names(names)[place]}"
    return _PROGRAM.format(path=path, runs=MOST_RUNS, enough=ENOUGH_SECONDS, functions=MOST_FUNCTIONS)
