"""Kernels as people write them: text into numbers and back. What can be meant in two ways is asked, never guessed."""

import math
import re
from functools import lru_cache

import numpy as np

from cnn_core.arguments import Array
from instruments.fields import LONGEST, SettingError, format_number
from instruments.kernel_notation import FRACTION, Group, factor, grouped, plain

MAX_KERNEL = 11  # pixels a side
MAX_VALUE = 1000.0  # of one kernel number

Table = list[list[str]]  # words by row

_TOKEN = re.compile(FRACTION)
_MAGICK = re.compile(r"\s*([0-9]{1,2})(?:x([0-9]{1,2}))?(?:[+][0-9]{1,2}[+][0-9]{1,2})?[@<>]?\s?:")
_DECIMAL_COMMA = re.compile(r"(?<![0-9.])([-+]?[0-9]{1,4}),([0-9]{1,80})(?![0-9.,])")
_WRAP = "write each row on a line of its own, or end it with a semicolon"


def parse_kernel(text: object) -> Array:
    """Read a kernel from text: rows end with a semicolon, a line break or a closing bracket.

    Spreadsheet cells, decimal commas, Python, NumPy, PyTorch, MATLAB, C, LaTeX, ImageMagick, fractions and a factor before or
    behind brackets are understood.

    Raises:
        SettingError: with one sentence that says what to change; it shows both readings where there are two.

    >>> parse_kernel("1 0 -1; 2 0 -2").tolist(), parse_kernel("1/4 * [[1, .5],\\n [-1, 2]]").tolist()
    ([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0]], [[0.25, 0.125], [-0.25, 0.5]])
    """
    if not isinstance(text, str):
        raise SettingError("The kernel must be text: numbers with spaces between them, rows ended by semicolons.")
    if len(text) > LONGEST:  # before it is anything's key
        raise SettingError(f"The text is too long for a kernel: at most {MAX_KERNEL} x {MAX_KERNEL} numbers.")
    return _parsed(text)


@lru_cache(256)
def _parsed(text: str) -> Array:
    """The kernel, read-only: pages and messages ask for the same one again and again."""
    text = plain(text)
    magick = _MAGICK.match(text)
    table, times = (_magick(magick, text[magick.end() :]), 1.0) if magick else _grouped(grouped(text))
    if not any(table):
        raise SettingError(
            "The kernel is empty: write numbers with spaces between them, such as 1 0 -1; 2 0 -2; 1 0 -1."
        )
    lengths = {len(row) for row in table}
    if len(lengths) > 1:
        counts = ", ".join(str(len(row)) for row in table[:12])
        raise SettingError(f"All rows of a kernel must be equally long; these have {counts} numbers.")
    if len(table) > MAX_KERNEL or max(lengths) > MAX_KERNEL:
        raise SettingError(
            f"The kernel has {len(table)} x {max(lengths)} numbers; at most {MAX_KERNEL} x {MAX_KERNEL} are allowed."
        )
    kernel = np.array([[_kernel_number(word, times) for word in row] for row in table], np.float32)
    kernel.flags.writeable = False
    return kernel


def _magick(match: re.Match[str], text: str) -> Table:
    """ImageMagick's "3x3: 1,0,-1 2,0,-2 1,0,-1", width first."""
    width, height = int(match[1]), int(match[2] or match[1])
    words = text.replace(",", " ").split()
    if ":" in text or ";" in text.strip().strip(";"):
        raise SettingError("These are two kernels or more: paste one.")
    if len(words) != width * height or width == 0:
        raise SettingError(
            f"“{match[0].strip()}” stands for {height} rows of {width}, {width * height} numbers; these are {len(words)}."
        )
    return [words[start : start + width] for start in range(0, len(words), width)]


def _grouped(group: Group) -> tuple[Table, float]:
    """The table in brackets, or in none, and its factor."""
    times, depth = 1.0, 0  # depth: brackets of one kind in each other
    while len(group.groups) == 1:
        only = group.groups[0]
        own = factor(*group.between)
        if own is None:
            for word in " ".join(group.between).split():
                if word[0].isalpha() or word[0] == "_":
                    _kernel_number(word, 1.0)
            raise SettingError(
                "Beside the brackets stands more than a factor: write 1/9 * [ … ] or [ … ] / 9, and all rows in brackets."
            )
        depth += group.opened == only.opened
        times, group = times * own, only
    if not group.groups:
        return (_rows([" ".join(group.between[0].split("\n"))]) if depth and _wrapped(group) else _lines(group)), times
    if any(one.groups for one in group.groups):
        if any(text.strip(" ,;&\n\t") for text in group.between):
            raise SettingError("Beside the rows' brackets stand other numbers: put all rows into brackets.")
        raise SettingError(f"These are {len(group.groups)} kernels: paste the one that is meant, rows in brackets.")
    if any(text.strip(" ,;&\n\t") for text in group.between):
        raise SettingError("Beside the rows' brackets stand other numbers: put all rows into brackets.")
    rows = [_without_end(" ".join(one.between[0].split("\n"))) for one in group.groups]
    if any(";" in row for row in rows):
        raise SettingError(f"These are {len(rows)} kernels: paste the one that is meant.")
    return _rows([row for row in rows if row.strip()]), times


def _wrapped(group: Group) -> bool:
    """Whether the text between double brackets is one row, perhaps in several lines; asks if the lines could be rows."""
    text = group.between[0]
    lines = [line for line in text.split("\n") if line.strip(" ,")]
    if ";" in text or "&" in text:
        return False
    counts = {len(line.replace(",", " ").split()) for line in lines}
    if len(lines) > 1 and len(counts) == 1:
        raise _two_ways(f"{len(lines)} x {counts.pop()} or 1 x {len(text.replace(',', ' ').split())}", _WRAP)
    return True


def _lines(group: Group) -> Table:
    """Rows that end with a line break or a semicolon; or a spreadsheet's lines, with semicolons between cells."""
    text = group.between[0]
    lines = [line for line in text.split("\n") if line.strip(" ;,")]
    by_rows = [part for line in lines for part in line.split(";") if part.strip(" ,")]
    marked = "\t" in text or "&" in text
    inner = [line for line in lines if ";" in _without_end(line)]
    if inner and not marked:
        cells = [[cell.strip() for cell in line.strip().split(";")] for line in lines]
        if all(not cell or _number(cell) for row in cells for cell in row):
            sheet = _filled([[_point(cell) for cell in row] for row in cells])
            commas = any("," in cell for row in cells for cell in row)
            if len(lines) > 1:
                if commas and _even(table := [part.replace(",", " ").split() for part in by_rows]):
                    raise _two_ways(_shapes(sheet, table), "write decimal points, or rows on lines of their own")
                return sheet
            if commas and (len(cells[0]) > len(by_rows) or not _even([part.split(",") for part in by_rows])):
                raise _two_ways(
                    f"1 x {len(by_rows)} or {len(by_rows)} x 1",
                    "write decimal points, and a semicolon only behind a row",
                )
    if len(by_rows) == 1 and not marked and ";" not in text:
        count = len(by_rows[0].replace(",", " ").split())
        if count >= 9 and (side := math.isqrt(count)) ** 2 == count and "/ " not in by_rows[0]:
            table = _rows(by_rows)
            if len(table[0]) == count:
                raise _two_ways(f"{side} x {side} or 1 x {count}", _WRAP)
    if times := _slash(by_rows, bool(group.opened)):
        raise times
    return _rows(lines if marked and ";" not in text else by_rows)


def _slash(rows: list[str], bracketed: bool) -> SettingError | None:
    """A sentence if a factor stands with rows that no bracket holds."""
    words = [row.split() for row in rows]
    alone = any(
        "," not in row and len(w) > 3 and any(one[0] in "/*" or one[-1] in "/*" for one in w)
        for row, w in zip(rows, words, strict=True)
    )
    if any("*" in row for row in rows) or alone:
        where = "" if bracketed else " Put the kernel into brackets: 1/16 * [ … ] or [ … ] / 16."
        return SettingError(
            f"A number or the whole kernel could be meant by the factor: write fractions as 1/16.{where}"
        )
    return None


def _rows(rows: list[str]) -> Table:
    """Cells of rows: between tabs, & or |, else between commas and spaces; a comma may be decimal."""
    rows = [re.sub(r" ?/ ?", "/", row) for row in rows]
    if any("\t" in row or "&" in row for row in rows):
        cells = [[cell.strip(" ,") for cell in row.replace("&", "\t").split("\t")] for row in rows]
        if all(not cell or _number(cell) for row in cells for cell in row):
            return _filled([[_point(cell) for cell in row] for row in cells], edges=any("&" in row for row in rows))
        if len(rows) == 1:  # a field of one line made spaces of line ends
            broken = [part.split("\t") for part in re.split(" +", re.sub(r" ?\t ?", "\t", rows[0].strip(" ")))]
            if _even(broken) and all(not cell or _number(cell) for row in broken for cell in row):
                return _filled([[_point(cell) for cell in row] for row in broken], edges=False)
        rows = [row.replace("\t", " ").replace("&", " ") for row in rows]
    if any(",," in row.replace(" ", "") or row.strip().startswith(",") for row in rows):
        return _filled([[cell.strip() for cell in row.split(",")] for row in rows])
    separated = [row.replace(",", " ").split() for row in rows]
    decimal = [_point(row).replace(",", " ").split() for row in rows]
    if decimal == separated or any("." in row for row in rows) or not all(_number(w) for row in decimal for w in row):
        return separated
    padded = any(len(word) > 1 and word.lstrip("+-")[0] == "0" for row in separated for word in row)  # 0,05
    if padded or not _even(separated):
        return decimal
    column = all(re.match(r"[-+]?0,", row.strip()) for row in rows)  # 0,25 below 0,5
    if _even(decimal) and (column or any(" " in row.strip() for row in rows)):
        raise _two_ways(_shapes(decimal, separated), "write decimal points, or commas with a space behind")
    return separated


def _filled(cells: Table, edges: bool = True) -> Table:
    """Empty cells as 0 where nothing else can be meant; with edges, columns there that are empty everywhere are none."""
    cells = [row for row in cells if any(row)]
    while edges and cells and all(row and not row[-1] for row in cells):
        cells = [row[:-1] for row in cells]
    while edges and cells and all(row and not row[0] for row in cells):
        cells = [row[1:] for row in cells]
    if all(all(row) for row in cells):
        return cells
    dropped = [[cell for cell in row if cell] for row in cells]
    if not _even(cells) or _even(dropped):
        shapes = _shapes(cells, dropped)
        raise _two_ways(f"{shapes} (0 in the empty cell, or no cell)", "write 0 into empty cells")
    return [[cell or "0" for cell in row] for row in cells]


def _without_end(line: str) -> str:
    return line.rstrip(" ;,\t")


def _point(text: str) -> str:
    """Decimal commas as points."""
    return _DECIMAL_COMMA.sub(r"\1.\2", text)


def _number(cell: str) -> bool:
    return len(cell) <= 160 and _TOKEN.fullmatch(_point(re.sub(r" ?/ ?", "/", cell))) is not None


def _even(table: Table) -> bool:
    return len({len(row) for row in table}) == 1


def _shapes(one: Table, other: Table) -> str:
    return " or ".join(f"{len(table)} x {max(map(len, table), default=0)}" for table in (one, other))


def _two_ways(readings: str, remedy: str) -> SettingError:
    return SettingError(f"This can be read in two ways, {readings}: {remedy}.")


def _kernel_number(word: str, times: float) -> float:
    match = _TOKEN.fullmatch(word)
    if match is None:
        shown = word if len(word) <= 12 else word[:12] + "…"
        raise SettingError(f"“{shown}” is not a number a kernel can hold: write digits, such as 2, -0.5 or 1/9.")
    value, divisor = float(match["number"]), float(match["divisor"] or 1)
    if divisor == 0:
        raise SettingError("A kernel number is divided by 0: write another fraction.")
    value = value / divisor * times
    if not math.isfinite(value) or abs(value) > MAX_VALUE:
        raise SettingError(
            f"{word[:12]} is too large for a kernel: use numbers from -{MAX_VALUE:.0f} to {MAX_VALUE:.0f}."
        )
    return value


def format_kernel(kernel: Array) -> str:
    """Write a kernel as `parse_kernel` reads it.

    >>> format_kernel(np.array([[1, 0.5], [-2, 0]]))
    '1 0.5; -2 0'
    """
    text = "; ".join(" ".join(format_number(value) for value in row) for row in kernel)
    return f"{text};" if kernel.shape == (1, 9) else text  # without a row's end, 9 numbers could be 3 x 3
