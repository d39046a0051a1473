"""What running systems use, from /proc: processor time and memory of a process and all that it has started."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PPID, _UTIME, _STIME, _CUTIME, _CSTIME = 1, 11, 12, 13, 14
"""Places in /proc/PID/stat after the name."""
_STOLEN = 8
"""Place in the first line of /proc/stat."""


def family(*roots: int) -> list[int]:
    """The processes and all that descend from them."""
    parents = {pid: int(fields[_PPID]) for pid in _all_pids() if (fields := _stat(pid))}
    found = {pid for pid in roots if pid in parents}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def cpu_seconds(*roots: int) -> float:
    """Processor seconds that the families have used so far, with those of children that have ended."""
    used = 0
    for pid in family(*roots):
        if fields := _stat(pid):
            used += sum(int(fields[place]) for place in (_UTIME, _STIME, _CUTIME, _CSTIME))
    return used / _TICKS


def memory_mb(*roots: int) -> list[float]:
    """Megabytes of each process of the families; memory that several share is divided among them (Pss)."""
    return [round(kilobytes / 1024, 1) for pid in family(*roots) if (kilobytes := _pss(pid))]


def stolen_seconds() -> float:
    """Processor seconds that this machine wanted and its host gave to others, since the start."""
    return int(Path("/proc/stat").read_text().split(maxsplit=9)[_STOLEN]) / _TICKS


def parent_of(pid: int) -> int:
    """The process that started this one; 0 where it has ended."""
    fields = _stat(pid)
    return int(fields[_PPID]) if fields else 0


def _all_pids() -> Iterable[int]:
    return (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []  # it has ended meanwhile


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
