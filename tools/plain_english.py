"""A prose linter with a vocabulary of its own: words that make readers stop, and better ones.

python -m tools.plain_english [--code] [FILE ...]

It reads the prose of the Markdown pages, without code and addresses. With `--code` it reads the
docstrings, comments and messages of taipy_exec instead. Exit code 1 if something was found.

Vale has the same idea, but its packages download a program at the first start. proselint takes no
vocabulary of a project, and codespell takes single words only.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
VOCABULARY = Path(__file__).with_suffix(".toml")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/**/*.md",
    "configs/**/*.md",
    "deploy/**/*.md",
    "tests/faults/*.md",
    "tests/golden/*.md",
)
_NO_PROSE = re.compile(
    r"^(?P<fence> *(?:```+|~~~+)).*?^(?P=fence) *$"  # a code block
    r"|^---\n.*?^---$"  # front matter
    r"|<!--.*?-->"
    r"|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"  # inline code
    r"|(?<=\])\([^)\s]*\)"  # the address of a link
    r"|https?://\S+",
    re.MULTILINE | re.DOTALL,
)
_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|PRAGMA|WITH|BEGIN)\b")
# In a pattern of the vocabulary, `^` is the start of a sentence.
_SENTENCE = r"(?:\A|(?<=[.!:;?|] )|(?<=[.!:;?]\n)|(?<=\n\n)|(?<=[-*#|] )|(?<=\.\*\* )|(?<=\d\. ))"


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A pattern, the words to use in its place, and the reason."""

    pattern: re.Pattern[str]
    use: str
    why: str
    allowed: re.Pattern[str] | None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A phrase in a file; the line counts from 1."""

    line: int
    words: str
    phrase: Phrase

    def __str__(self) -> str:
        why = f" ({self.phrase.why})" if self.phrase.why else ""
        return f"{self.words!r}: write {self.phrase.use}{why}"


def vocabulary(file: Path = VOCABULARY) -> list[Phrase]:
    """The phrases of a vocabulary. A space in a pattern also matches one line break."""
    return [
        Phrase(
            pattern=_compiled(entry["find"]),
            use=entry["use"],
            why=entry.get("why", ""),
            allowed=_compiled(entry["allowed"]) if "allowed" in entry else None,
        )
        for entry in tomllib.loads(file.read_text(encoding="utf-8"))["phrase"]
    ]


def _compiled(text: str) -> re.Pattern[str]:
    # Spaces inside of a set of characters stay.
    text = re.sub(r"\[[^]]*\]| ", lambda m: m[0] if m[0] != " " else r"(?: |\n[ >*-]*(?=\w))", text)
    if text.startswith("^"):
        return re.compile(_SENTENCE + text[1:])
    return re.compile(text, re.IGNORECASE)


def findings(prose: str, phrases: Sequence[Phrase], first_line: int = 1) -> list[Finding]:
    """What the phrases match in a text, in the order of its lines."""
    found = []
    for phrase in phrases:
        fine = [] if phrase.allowed is None else list(phrase.allowed.finditer(prose))
        for match in phrase.pattern.finditer(prose):
            if any(f.start() <= match.start() and match.end() <= f.end() for f in fine):
                continue
            line = first_line + prose.count("\n", 0, match.start())
            words = " ".join(match[0].split())
            found.append(Finding(line=line, words=words[:60], phrase=phrase))
    return sorted(found, key=lambda finding: finding.line)


def prose_of_page(text: str) -> str:
    """A Markdown page whose code is blanked out; every line keeps its place."""

    def blank(match: re.Match[str]) -> str:
        letter = "x" if match["ticks"] else " "
        return re.sub(r"[^\n]", letter, match[0])

    return _NO_PROSE.sub(blank, text)


def newest_section(text: str) -> str:
    """A changelog up to its second version: former entries stay as they were published."""
    starts = [match.start() for match in re.finditer(r"^## ", text, re.MULTILINE)]
    return text[: starts[1]] if len(starts) > 1 else text


def prose_of_code(source: str) -> Iterator[tuple[int, str]]:
    """The comments, docstrings and messages of a module, each with its first line."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")
    parts: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        text = node.value if isinstance(node, ast.Constant) and node not in parts else None
        if isinstance(node, ast.JoinedStr):
            parts.update(node.values)
            text = "".join(p.value if isinstance(p, ast.Constant) else "x" for p in node.values)
        if isinstance(text, str) and text.strip().count(" ") >= 2 and not _SQL.match(text):
            yield node.lineno, prose_of_page(text)


def main(arguments: Sequence[str]) -> int:
    """Print what is found in the pages, or with `--code` in the code; 1 if anything is."""
    phrases = vocabulary()
    names = [argument for argument in arguments if argument != "--code"]
    patterns = ("taipy_exec/**/*.py",) if "--code" in arguments else PAGES
    files = [Path(name) for name in names] or sorted(f for p in patterns for f in ROOT.glob(p))
    count = 0
    for file in files:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".py":
            found = [f for at, prose in prose_of_code(text) for f in findings(prose, phrases, at)]
        else:
            page = newest_section(text) if file.name == "CHANGELOG.md" else text
            found = findings(prose_of_page(page), phrases)
        for finding in found:
            print(f"{file.relative_to(ROOT) if not names else file}:{finding.line}: {finding}")
        count += len(found)
    if count:
        print(f"{count} found; the words are in {VOCABULARY.relative_to(ROOT)}", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
