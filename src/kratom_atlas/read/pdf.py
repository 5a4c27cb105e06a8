"""The text of a PDF, read in a process of its own that may be lost.

A PDF is a program in disguise. One worker process reads them one after another, with a bound on
its memory; a document that kills it or takes too long costs that worker, and the next document
gets a new one. Run as a module, this file is the worker.
"""

from __future__ import annotations

import atexit
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any, Final

import msgspec

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import LIMIT, FaultError, check_size

__all__ = ["MAX_PAGES", "SECONDS", "PdfText", "close", "read_pdf"]

MAX_PAGES: Final = 3000
SECONDS: Final = 20.0
"""The wall time that one document may take."""
_MEMORY: Final = 1536 * 1024 * 1024
_MAX_CHARACTERS: Final = 24_000_000
_FRAME: Final = struct.Struct(">Q")


class PdfText(msgspec.Struct, frozen=True):
    """The text of each page; `scanned` are the pages that are pictures of text (from 1)."""

    pages: tuple[str, ...]
    scanned: tuple[int, ...] = ()


class _Refusal(msgspec.Struct, frozen=True, tag=True):
    fault: Fault
    detail: str


class _Answer(msgspec.Struct, frozen=True, tag=True):
    found: PdfText


def read_pdf(body: bytes, *, seconds: float = SECONDS, limit: int = LIMIT) -> PdfText:
    """The text of the PDF in `body`. Threads take turns.

    Raises:
        FaultError: it is damaged or locked, or asks for more than a PDF may.
    """
    check_size(len(body), limit)
    with _LOCK:
        answer = _worker().ask(body, seconds)
    if isinstance(answer, _Refusal):
        raise FaultError(answer.fault, answer.detail)
    return answer.found


def close() -> None:
    """End the worker, if there is one."""
    global _current
    with _LOCK:
        if _current is not None:
            _current.end()
            _current = None


class _Worker:
    """The parent's end of one worker process."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.is_lost = False
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, body: bytes, seconds: float) -> _Answer | _Refusal:
        """Have `body` read; whatever goes wrong is a fault of the document."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = threading.Event()
        timer = threading.Timer(seconds, self._kill, (late,))
        timer.daemon = True
        timer.start()
        try:
            self._process.stdin.write(_FRAME.pack(len(body)))
            self._process.stdin.write(body)
            self._process.stdin.flush()
            return msgspec.msgpack.decode(
                _read_frame(self._process.stdout), type=_Answer | _Refusal
            )
        except (OSError, EOFError, msgspec.DecodeError):
            self.end()
            if late.is_set():
                raise FaultError(Fault.TOO_SLOW, f"not read within {seconds:g} s") from None
            code = self._process.returncode
            raise FaultError(Fault.BOMB, f"its reader died of it (exit {code})") from None
        except BaseException:
            self.end()  # the rest of the answer would be taken for the next one's
            raise
        finally:
            timer.cancel()
            timer.join()
            if late.is_set() and not self.is_lost:
                self.end()  # it was killed just after its answer

    def is_usable(self) -> bool:
        """Whether it is alive and this process's own."""
        return not self.is_lost and self.owner == os.getpid() and self._process.poll() is None

    def _kill(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def end(self) -> None:
        """End the process and let go of its pipes."""
        self.is_lost = True
        process = self._process
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


_LOCK: Final = threading.RLock()
_current: _Worker | None = None


def _worker() -> _Worker:
    global _current
    if _current is not None and not _current.is_usable():
        if _current.owner == os.getpid():
            _current.end()
        _current = None
    if _current is None:
        atexit.register(close)
        _current = _Worker()
    return _current


def _read_frame(stream: IO[bytes]) -> bytes:
    (size,) = _FRAME.unpack(_read_exactly(stream, _FRAME.size))
    return _read_exactly(stream, size)


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


# -- in the worker ----------------------------------------------------------------------------


def _serve() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            body = _read_frame(source)
        except EOFError:
            return
        answer = msgspec.msgpack.encode(_answer(body))
        del body
        sink.write(_FRAME.pack(len(answer)))
        sink.write(answer)
        sink.flush()


def _answer(body: bytes) -> _Answer | _Refusal:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        return _Refusal(Fault.TRUNCATED, f"PDF: {error}")
    except MemoryError:
        return _Refusal(Fault.BOMB, "it takes more memory than a PDF may")
    try:
        return _pages(document)
    except FaultError as error:
        return _Refusal(error.fault, error.detail)
    except pypdfium2.PdfiumError as error:
        return _Refusal(Fault.TRUNCATED, f"PDF: {error}")
    except MemoryError:
        return _Refusal(Fault.BOMB, "it takes more memory than a PDF may")
    finally:
        document.close()


def _pages(document: Any) -> _Answer:
    count = len(document)
    if count > MAX_PAGES:
        raise FaultError(Fault.TOO_LARGE, f"{count:,} pages; at most {MAX_PAGES:,} are read")
    pages: list[str] = []
    scanned: list[int] = []
    total = 0
    for number in range(count):
        page = document[number]
        try:
            text = _text(page)
            if _is_picture(page, text):
                scanned.append(number + 1)
        finally:
            page.close()
        total += len(text)
        if total > _MAX_CHARACTERS:
            raise FaultError(Fault.BOMB, f"more than {_MAX_CHARACTERS:,} characters")
        pages.append(text)
    return _Answer(PdfText(tuple(pages), tuple(scanned)))


def _text(page: Any) -> str:
    content = page.get_textpage()
    try:
        text: str = content.get_text_range(errors="ignore")
    finally:
        content.close()
    # PDFium marks a hyphen at the end of a line so, and leaves the line break out.
    return text.replace("\r\n", "\n").replace("\ufffe", "-\n").replace("\x02", "-\n")


_FEW: Final = 40


def _is_picture(page: Any, text: str) -> bool:
    """Whether the page is mainly a picture, with no more text than a stamp or a page number."""
    import pypdfium2.raw as raw

    words = len("".join(text.split()))
    if words > _FEW:
        return False
    width, height = page.get_size()
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = picture.get_bounds()
        if not words or (right - left) * (top - bottom) > 0.5 * width * height:
            return True
    return False


if __name__ == "__main__":
    _serve()
