"""What runs here, and what a process has used of it (Linux)."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from subprocess import run

LIBRARIES = ("hedge-strategy", "lighter-sdk", "redis", "hiredis", "websockets", "aiohttp", "msgspec")


def machine_facts(redis_program: str) -> dict[str, object]:
    """Processor, cores, memory, system and the versions that matter."""
    redis = run([redis_program, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "redis_server": next(word.removeprefix("v=") for word in redis if word.startswith("v=")),
        "libraries": {name: version(name) for name in LIBRARIES},
        "load_before": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far.

    Attributes:
        cpu_ns: of all its threads that still live.
        rss_mb: memory that it holds.
    """

    cpu_ns: int
    rss_mb: float


def usage_of(process_id: int) -> Usage:
    """Reads it. Raises OSError where there is no such process."""
    folder = Path("/proc") / str(process_id)
    cpu_ns = sum(int((task / "schedstat").read_text().split()[0]) for task in (folder / "task").iterdir())
    pages = int((folder / "statm").read_text().split()[1])
    return Usage(cpu_ns, round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1))
