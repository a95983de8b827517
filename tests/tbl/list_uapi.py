#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""list_uapi.py [--known-to FILE] HEADER...: what C headers declare, as lists for C to expand.

Writes one line per thing found in the headers:

    ENUM(tag)                an enum with a tag
    CONSTANT(name)           an enumerator that is written out (not one made by a table)
    MACRO(name)              a #define without parameters that is not an alias of itself
    STRUCT(struct, name)     a struct or union
    FIELD(struct, name, f)   a field of it, nested ones as path; bit-fields are left out

With --known-to, only the structs and fields that FILE, preprocessed C, has too, and no constant that
says how many there are: that grows with every kernel.
"""

import re
import sys

COUNT = re.compile(r"MAX_BPF_|MAX_ID$|MAX_STATES$")
WORD = re.compile(r"\w+|[{}\[\]();:,=*]")


def words_of(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"^\s*#(?:.*\\\n)*.*$", "", text, flags=re.M)
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)(?=\s*[;}\w])", " ", text)
    return WORD.findall(text)


def members_of(words, at):
    """Fields of the struct whose first word inside is words[at]; also where it ends, behind the }."""
    fields = []
    while words[at] != "}":
        inner = None
        declarator = []
        while words[at] != ";":
            if words[at] == "{":
                inner, at = members_of(words, at + 1)
                declarator = []
            else:
                declarator.append(words[at])
                at += 1
        at += 1
        if "[" in declarator:
            declarator = declarator[:declarator.index("[")]
        name = declarator[-1] if declarator else None
        if name and ":" not in declarator:
            fields.append(name)
        prefix = name + "." if name else ""
        fields += [prefix + field for field in inner or []]
    return fields, at + 1


def declarations_of(words):
    """Yields (kind, tag, names) of every struct, union and enum with a body."""
    at = 0
    while at < len(words):
        kind = words[at]
        at += 1
        if kind not in ("struct", "union", "enum") or at + 1 >= len(words):
            continue
        tag = ""
        if words[at] != "{":
            tag = words[at]
            at += 1
        if words[at] != "{":
            continue
        if kind == "enum":
            end = words.index("}", at)
            body = " ".join(words[at + 1:end]).split(",")
            yield kind, tag, [item.split()[0] for item in body if item.strip()]
            at = end
        else:
            names, at = members_of(words, at + 1)
            yield kind, tag, names


def macros_of(text):
    for name, value in re.findall(r"^#\s*define\s+(\w+)[ \t]+(\S.*)$", text, re.M):
        if value != name:
            yield f"MACRO({name})"


def rows_of(text, known):
    yield from (row for row in macros_of(text) if known is None or not COUNT.search(row[6:-1]))
    for kind, tag, names in declarations_of(words_of(text)):
        if kind == "enum":
            if tag:
                yield f"ENUM({tag})"
            yield from (f"CONSTANT({name})" for name in names
                        if known is None or not COUNT.search(name))
        elif tag and (known is None or tag in known):
            yield f"STRUCT({kind}, {tag})"
            yield from (f"FIELD({kind}, {tag}, {name})" for name in names
                        if known is None or name in known[tag])


def main():
    arguments = sys.argv[1:]
    known = None
    if arguments[:1] == ["--known-to"]:
        with open(arguments[1], encoding="utf-8") as header:
            found = declarations_of(words_of(header.read()))
        known = {tag: set(names) for kind, tag, names in found if kind != "enum"}
        arguments = arguments[2:]
    for path in arguments:
        with open(path, encoding="utf-8") as header:
            for row in rows_of(header.read(), known):
                print(row)


if __name__ == "__main__":
    main()
