"""How is the text of an expression read, and where in it does a part stand?

The text is parsed as Python would parse it. Nothing of it is ever executed.
"""

from __future__ import annotations

import ast
from collections.abc import Container

from beaf_core import TextFaultError

#: Parts up to this length are repeated in what is said of them.
_SHORT = 30


def parse(text: str) -> ast.expr:
    """Parse an expression.

    Raises:
        TextFaultError: it cannot be parsed.
    """
    try:
        return ast.parse(_bracketed(text), mode="eval").body
    except SyntaxError:
        raise _unreadable(text) from None
    except (ValueError, RecursionError, MemoryError):
        raise TextFaultError("cannot be read as an expression", text, 0, len(text)) from None


def _unreadable(text: str) -> TextFaultError:
    """Say what Python stumbles over in the text itself, without the brackets."""
    told, at = "cannot be read as an expression", len(text)
    # One line of the same length, without the spaces that it may begin with.
    line = text.replace("\n", " ").lstrip()
    try:
        ast.parse(line, mode="eval")
    except SyntaxError as error:
        told += f": {error.msg}"
        if error.offset:
            at = len(text) - len(line) + error.offset - 1
    return TextFaultError(told, text, max(0, min(at, len(text.rstrip()) - 1)))


def _bracketed(text: str) -> str:
    # In brackets an expression may go over several lines.
    return f"({text}\n)"


def fault(text: str, node: ast.expr, message: str, *, of_part: bool = True) -> TextFaultError:
    """Render what is wrong with a part.

    Args:
        text: the whole expression.
        node: the part.
        message: what is wrong.
        of_part: whether the message goes on from the part itself: `Szie` + ` is no column`.
    """
    start, width = _span(text, node)
    part = text[start : start + width]
    said = f"{part if len(part) <= _SHORT else 'it'} {message}" if of_part else message
    return TextFaultError(said, text, start, width)


def _span(text: str, node: ast.expr) -> tuple[int, int]:
    """Return where a part begins, and how long it is."""
    source = _bracketed(text)
    part = ast.get_source_segment(source, node) or text
    lines = source.splitlines(keepends=True)
    before = "".join(lines[: node.lineno - 1])
    own = lines[node.lineno - 1].encode()[: node.col_offset].decode()
    return len(before) + len(own) - 1, len(part)


def function_of(node: ast.AST) -> str:
    """Return the name of the function that a part calls; empty where it calls none."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return ""


def conjuncts(text: str) -> list[str]:
    """Split a condition at the `and`s that stand outside of all brackets."""
    root = parse(text)
    if not (isinstance(root, ast.BoolOp) and isinstance(root.op, ast.And)):
        return [text]
    return [ast.unparse(each) for each in root.values]


def column_names(text: str, others: Container[str] = ()) -> list[str]:
    """List the names of columns in an expression, in its order, without functions and `others`."""
    nodes = list(ast.walk(parse(text)))
    functions = {id(each.func) for each in nodes if isinstance(each, ast.Call)}
    names = [each for each in nodes if isinstance(each, ast.Name) and id(each) not in functions]
    quoted = [
        each.args[0].value
        for each in nodes
        if isinstance(each, ast.Call)
        and function_of(each) == "col"
        and each.args
        and isinstance(each.args[0], ast.Constant)
    ]
    found = [each.id for each in names if each.id not in others]
    return list(dict.fromkeys([*found, *map(str, quoted)]))
