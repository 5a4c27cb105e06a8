"""SVG to PNG: the same bytes on every machine, and nothing that was drawn before is drawn again.

Only the fonts of this package are used, never those of the system. Drawings are kept by what they
show, so a build that shows the same rasterises nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Final

import resvg_py
from PIL import Image, ImageFont

__all__ = ["FAMILY", "pictures", "png", "width"]

FAMILY: Final = "Noto Sans"
FONTS: Final = ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf")
STEPS: Final = 20
"""Colours between those that a drawing names: enough for smooth edges, few enough for 60 kB."""
_NAMED: Final = 128
EDITION: Final = 1
"""Another number whenever the same drawing would become another picture."""
KEPT: Final = 30
"""Days after which a drawing that no build asked for is removed."""
_FEW: Final = 24
"""So many are drawn sooner than other processes start."""
_ENDS: Final = (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82")
_MEASURED: Final = 200
_COLOUR: Final = re.compile(r'"#([0-9a-f]{6})"')


def pictures(drawings: Sequence[str], kept: Path | None) -> Iterator[bytes]:
    """The PNG of each SVG, in their order; `kept` is the folder of those drawn before.

    A folder that cannot be read or written is done without.
    """
    paths = [kept / f"{_key(svg)}.png" if kept else None for svg in drawings]
    found = [_read(path) if path else None for path in paths]
    made = _made([svg for svg, data in zip(drawings, found, strict=True) if data is None])
    with contextlib.closing(made):
        for path, data in zip(paths, found, strict=True):
            if data is not None:
                yield data
                continue
            new = next(made)
            if path:
                with contextlib.suppress(OSError):
                    _write(path, new)
            yield new
    if kept:
        with contextlib.suppress(OSError):
            _tidy(kept)


def png(svg: str) -> bytes:
    """One drawing at its own size, with a palette."""
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        skip_system_fonts=True,
        font_files=list(_font_paths()),
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )
    with Image.open(io.BytesIO(drawn)) as image:
        flat = _flattened(image.convert("RGB"), svg)
    out = io.BytesIO()
    flat.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _flattened(image: Image.Image, svg: str) -> Image.Image:
    """With a palette: the colours that the drawing names, exactly, and steps between them."""
    named = sorted(set(_COLOUR.findall(svg)))[:_NAMED]
    exact = [int(colour[n : n + 2], 16) for colour in named for n in (0, 2, 4)]
    # Half the pixels in each direction show which steps there are, in a quarter of the time.
    steps = image.resize((image.width // 2, image.height // 2), Image.Resampling.NEAREST).quantize(
        STEPS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    palette = Image.new("P", (1, 1))
    palette.putpalette([*exact, *(steps.getpalette() or [])])
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a line of text is, in the units of `size`."""
    return float(_font(bold).getlength(text)) * size / _MEASURED


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_paths()[bold], _MEASURED, layout_engine=ImageFont.Layout.BASIC)


@cache
def _font_paths() -> tuple[str, ...]:
    folder = resources.files("maps.fonts")
    return tuple(str(folder.joinpath(name)) for name in FONTS)


@cache
def _renderer() -> bytes:
    """What turns an SVG into these bytes and no others."""
    digest = hashlib.sha256(f"{EDITION} {STEPS} {_NAMED}".encode())
    for name in ("resvg_py", "pillow"):
        digest.update(f"{name}=={metadata.version(name)}\n".encode())
    for path in _font_paths():
        digest.update(Path(path).read_bytes())
    return digest.digest()


def _key(svg: str) -> str:
    return hashlib.sha256(_renderer() + svg.encode()).hexdigest()


def _made(drawings: Sequence[str]) -> Generator[bytes]:
    workers = min(os.cpu_count() or 1, 8, len(drawings) // _FEW)
    # A process that must not outlive its parent may have no children of its own.
    if workers < 2 or multiprocessing.current_process().daemon:
        yield from map(png, drawings)
        return
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield from pool.map(png, drawings, chunksize=4)
    finally:
        pool.shutdown(cancel_futures=True)


# -- what was drawn before ---------------------------------------------------------------------


def _read(path: Path) -> bytes | None:
    """The drawing kept there, if it is whole; it is then kept for longer."""
    try:
        data = path.read_bytes()
        if data.startswith(_ENDS[0]) and data.endswith(_ENDS[1]):
            os.utime(path)
            return data
    except OSError:
        pass
    return None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        part.write(data)
    Path(part.name).replace(path)


def _tidy(kept: Path) -> None:
    oldest = time.time() - KEPT * 86_400
    for path in kept.iterdir():
        if path.suffix in (".png", ".part") and path.stat().st_mtime < oldest:
            path.unlink()
