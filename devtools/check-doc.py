#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
"""Compare README.md and doc/ with the code.

    devtools/check-doc.py              check, exit status 1 and a line for each difference
    devtools/check-doc.py algorithms   print the algorithm table as the code has it
    devtools/check-doc.py messages     print what the code can log, "..." for what varies
    devtools/check-doc.py instructions print the table of instructions an op and their targets

Checked: algorithms and sizes, features of compression, devargs and their defaults,
log messages, instructions an op, the example program, barriers, litmus tests, relative links and their anchors, line lengths.
The source is read with regular expressions, no build is needed.
"""

import collections
import importlib.util
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # the checkout stays as it is
ROOT = pathlib.Path(__file__).resolve().parent.parent
CAPS = "drivers/crypto/wd/wd_crypto_caps.c"
PMD = "drivers/crypto/wd/wd_crypto_dev.c"
COMP_CAPS = "drivers/compress/wd/wd_comp_xform.c"
COMP_PMD = "drivers/compress/wd/wd_comp_dev.c"
COMP_DOC = "doc/compress_wd.md"
ORDERING_DOC = "doc/ordering.md"
PERF_DOC = "doc/performance.md"
PERF_TABLE = "devtools/perf-insn.table"
PERF_TARGETS = "devtools/perf-insn.targets"
DEV = "lib/wd/wd_dev.c"
UACCE = "lib/wd/wd_uacce.c"
SIM = "lib/sim/wd_sim_options.c"
DRIVER_DOC = "doc/crypto_wd.md"
SIM_DOC = "doc/sim.md"
START_DOC = "doc/start.md"
LOGGING = {
    START_DOC: ["lib/wd/*.c", "lib/sim/*.c", "drivers/crypto/wd/*.c"],
    COMP_DOC: ["drivers/compress/wd/*.c"],
}
LEAST_MESSAGES = {START_DOC: 20, COMP_DOC: 6}
MAX_COLUMNS = 100

problems = []


def problem(text):
    problems.append(text)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def found(pattern, text, where, flags=re.DOTALL):
    """The first group; without a match this script no longer fits the code."""
    match = re.search(pattern, text, flags)
    if match is None:
        sys.exit(f"check-doc: cannot read {where}: no match for {pattern}")
    return match[1]


def defines(*names):
    """Values of simple macros of these files: strings and numbers."""
    text = "\n".join(read(name) for name in names)
    values = {}
    for name, value in re.findall(r'^#define (\w+)[ \t]+"?([\w.-]+?)U?(?:LL)?"?[ \t]*(?:/\*.*)?$', text, re.M):
        values[name] = value
    return values


# ---- tables of Markdown ----


def table(name, mark):
    """Rows of the table after the line <!-- mark -->, as lists of cells; without its header."""
    lines = read(name).splitlines()
    try:
        at = lines.index(f"<!-- {mark} -->") + 1
    except ValueError:
        problem(f"{name}: there is no table marked <!-- {mark} -->")
        return []
    rows = []
    for line in lines[at:]:
        if line.startswith("|"):
            rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


def same(where, what, doc, code):
    """Two dicts or sets."""
    for key in sorted(set(code) - set(doc)):
        problem(f"{where}: {what} {key} is in the code, not in the table")
    for key in sorted(set(doc) - set(code)):
        problem(f"{where}: {what} {key} is in the table, not in the code")
    if isinstance(doc, dict):
        for key in sorted(set(doc) & set(code)):
            if doc[key] != code[key]:
                problem(f"{where}: {what} {key}: the table says {doc[key]}, the code {code[key]}")


# ---- algorithms ----


def size_text(text, macros):
    """RANGE(lo, hi, step) as the table writes it."""
    low, high, step = (int(macros.get(v, v)) for v in re.findall(r"[\w]+", text)[1:])
    if high == 0:
        return "-"
    if low == high:
        return str(low)
    if (high - low) // step < 3:
        return ", ".join(str(n) for n in range(low, high + 1, step))
    return f"{low}..{high}" + (f" by {step}" if step > 1 else "")


def algorithms():
    """{name: cells of the table} and {name: version}, in the order of the code."""
    text = read(CAPS)
    macros = defines("lib/hw/hisi_sec.h")
    rows = found(r"algs\[\] = \{(.*?)\n\};", text, CAPS)
    rows = re.sub(r"^#.*$", "", rows, flags=re.M)
    cells, versions = {}, {}
    call = re.compile(r"\b(CIPHER|AUTH|HASH|HMAC|AEAD)\(((?:[^()]|\([^()]*\))*)\)")
    for kind, arguments in call.findall(rows):
        ranges = [size_text(r, macros) for r in re.findall(r"RANGE\([^()]*\)", arguments)]
        words = [w.strip() for w in re.sub(r"RANGE\([^()]*\)", "R", arguments).split(",")]
        key = iv = digest = aad = "-"
        chain = "NEVER"
        if kind == "CIPHER":
            name, version, chain = words[0], words[3], words[4]
            key, iv = ranges
            name = "CIPHER_NULL" if name == "NULL" else name
        elif kind == "AUTH":
            name, version, chain = words[0], words[2], words[3]
            key, digest, iv = ranges
            name = "AUTH_NULL" if name == "NULL" else name
        elif kind == "HASH":
            name, version, digest = words[0], "2", words[2]
        elif kind == "HMAC":
            name, version, chain = words[0] + "_HMAC", "2", words[1]
            key, digest = f"1..{words[2]}", f"1..{words[3]}"
        else:
            name, version = words[0], words[3]
            key, digest, aad, iv = ranges
        chains = "-" if chain == "NEVER" else "v3" if chain == "3" else "v2, v3"
        cells[name] = ["v3" if version == "3" else "v2, v3", chains, key, iv, digest, aad]
        versions[name] = version
    if len(cells) < 20:
        sys.exit(f"check-doc: only {len(cells)} algorithms found in {CAPS}")
    return cells, versions


def check_algorithms():
    cells, versions = algorithms()
    doc = {row[0]: row[1:] for row in table(DRIVER_DOC, "algorithms")}
    same(DRIVER_DOC, "algorithm", doc, cells)
    doc = {}
    for row in table("README.md", "algorithms"):
        for version, cell in zip("23", row[1:]):
            for name in re.findall(r"[A-Z0-9_]{3,}", cell):
                doc[name] = version
    same("README.md", "algorithm", doc, versions)


# ---- compression ----


def features():
    """{RTE_COMP_FF_*: where}: "all", or "sim" for what hardware has not."""
    text = read(COMP_CAPS)
    everywhere = found(r"#define DEFLATE_FLAGS(.*?)\n\n", text, COMP_CAPS)
    rows = found(r"caps\[2\]\[2\]\[2\] = \{(.*?)\n\t\};", text, COMP_CAPS)
    code = {name: "sim" for name in re.findall(r"RTE_COMP_FF_(\w+)", rows)}
    code.update({name: "all" for name in re.findall(r"RTE_COMP_FF_(\w+)", everywhere)})
    if len(code) < 10:
        sys.exit(f"check-doc: only {len(code)} features found in {COMP_CAPS}")
    return code


def check_features():
    doc = {row[0].removeprefix("RTE_COMP_FF_"): row[1] for row in table(COMP_DOC, "features")}
    same(COMP_DOC, "feature", doc, features())
    macros = defines(COMP_CAPS)
    low, high = int(macros["WINDOW_MIN"]), int(macros["WINDOW_MAX"])
    want = f"{(1 << low) >> 10} to {(1 << high) >> 10} KiB ({low} to {high})"
    if want not in read(COMP_DOC):
        problem(f"{COMP_DOC}: the code's window is {want}")


def check_comp_devargs():
    """The options are those of crypto_wd, so that page says which."""
    names = ("lib/wd/wd_dev.c", "lib/hw/hisi_qm.h", "drivers/compress/wd/wd_comp.h")
    macros, crypto = defines(COMP_PMD, *names), defines(PMD)
    own = names_of(COMP_PMD, r"own_args\[\] = \{(.*?)\}", macros)
    same(COMP_PMD, "option", set(own), set(names_of(PMD, r"own_args\[\] = \{(.*?)\}", crypto)))
    if macros["DEFAULT_MAX_QPS"] != crypto["DEFAULT_MAX_QPS"]:
        problem(f"{COMP_PMD}: its default of max_nb_queue_pairs is not that of {PMD}")
    most = int(macros["HISI_QM_MAX_QUEUES"]) // 2
    if f"`max_nb_queue_pairs` is at most {most}," not in " ".join(read(COMP_DOC).split()):
        problem(f"{COMP_DOC}: max_nb_queue_pairs is at most {most}")
    if f'ARG_MAX_QPS "=<1..{most}>' not in read(COMP_PMD):
        problem(f"{COMP_PMD}: PARAMS: max_nb_queue_pairs is at most {most}")
    same(COMP_PMD, "PARAMS: option", params_of(COMP_PMD), params_of(PMD))


# ---- devargs ----


def names_of(name, pattern, macros):
    """The strings of a list, macros among them."""
    words = re.findall(r'"(\w+)"|\b([A-Z][A-Z_]+)\b', found(pattern, read(name), name))
    return [text or macros[macro] for text, macro in words if macro != "NULL"]


def params_of(pmd):
    """The options of the line for dpdk-pmdinfo.py, without max_nb_queue_pairs, a macro there."""
    return set(re.findall(r'[ "](\w+)=<?\w', found(r"#define PARAMS(.*?)\n\n", read(pmd), pmd)))


def check_devargs():
    macros = defines(PMD, DEV, UACCE, SIM, "lib/sim/wd_sim.h", "lib/hw/hisi_qm.h")
    own = names_of(PMD, r"own_args\[\] = \{(.*?)\}", macros)
    common = names_of(DEV, r"common\[\] = \{(.*?)\}", macros)
    uacce = names_of(UACCE, r"uacce_options\[\] = \{(.*?)\}", macros)
    sim = names_of(SIM, r"wd_sim_option_names\[\] = \{(.*?)\}", macros)
    code = {name: "all" for name in own + common}
    code.update({name: "sim" for name in sim})
    code.update({name: "all" if name in sim else "uacce" for name in uacce})
    rows = table(DRIVER_DOC, "devargs")
    same(DRIVER_DOC, "option", {row[0]: row[1] for row in rows}, code)
    same(SIM_DOC, "option", {row[0] for row in table(SIM_DOC, "options")}, set(sim))

    defaults = {
        "max_nb_queue_pairs": macros["DEFAULT_MAX_QPS"],
        "stall_ms": macros["WD_DEFAULT_STALL_MS"],
        "depth": macros[macros["DEFAULT_DEPTH"]],
        "hw": macros["WD_SIM_HW"],
    }
    for row in rows:
        want = defaults.get(row[0])
        if want is not None and want not in re.findall(r"\w+", row[3]):
            problem(f"{DRIVER_DOC}: option {row[0]}: the table says default {row[3]}, the code {want}")

    for name, value in re.findall(r"^\| `(\w+)=(\d+)`", read("README.md"), re.M):
        if value != defaults.get(name, value):
            problem(f"README.md: option {name}: the default is {defaults[name]}, not {value}")

    same(PMD, "PARAMS: option", params_of(PMD) | {"max_nb_queue_pairs"}, set(code))


# ---- log messages ----


def messages(page):
    """What the code of a page logs for users to see; "..." stands for what varies."""
    macros = defines(PMD, DEV, UACCE, SIM)
    call = re.compile(r'\bWD(?:_SIM|_CRYPTO|_COMP)?_LOG\(\s*(ERR|WARNING|NOTICE),\s*'
                      r'((?:"(?:[^"\\]|\\.)*"|\s+|PRI\w+|[A-Z][A-Z_]+)+)')
    texts = {}
    for pattern in LOGGING[page]:
        for path in sorted(ROOT.glob(pattern)):
            for _, literal in call.findall(path.read_text(encoding="utf-8")):
                text = ""
                for part in re.findall(r'"((?:[^"\\]|\\.)*)"|\bPRI(\w+)|\b([A-Z][A-Z_]+)', literal):
                    text += part[0] if not part[2] else macros.get(part[2], part[2])
                text = re.sub(r"%[-+ #0]*[0-9*.]*(?:ll|l|z|h)?(?:[diuxXscp]|(?=\s|$|\W))", "...", text)
                text = text.replace('\\"', '"')
                texts[re.sub(r"\.{4,}", "...", text)] = path.relative_to(ROOT)
    if len(texts) < LEAST_MESSAGES[page]:
        sys.exit(f"check-doc: only {len(texts)} messages found for {page}")
    return texts


def check_messages_of(page):
    section = found(r"\n## Log messages\n(.*?)(?:\n## |\Z)", read(page), page)
    entries = {" ".join(e.split()) for e in re.findall(r"^- `([^`]+)`", section, re.M)}
    used = set()
    for text, path in messages(page).items():
        hits = [e for e in entries if re.fullmatch(".*".join(map(re.escape, e.split("..."))), text)]
        used.update(hits)
        if not hits:
            problem(f"{page}: nothing about the message of {path}: {text}")
    for entry in sorted(entries - used):
        problem(f"{page}: the code has no message {entry}")


def check_messages():
    for page in LOGGING:
        check_messages_of(page)


# ---- instructions an op ----


def perf_rows():
    """Lines of the table, without its header: class, hw, simd, enqueue, dequeue, sum, doorbells."""
    rows = [line.split() for line in read(PERF_TABLE).splitlines()[1:]]
    if len(rows) < 20 or any(len(row) != 7 for row in rows):
        sys.exit(f"check-doc: cannot read {PERF_TABLE}")
    return rows


def instructions():
    """{class: cells of the table}; v2 and v3 share a cell, one figure where they are equal."""
    targets, exceptions = {}, []
    for line in read(PERF_TARGETS).splitlines():
        words = line.split(None, 5)
        if words[:1] == ["target"]:
            targets[words[1]] = words[2]
        elif words[:1] == ["except"]:
            exceptions.append(words[1:])
    names = {"128": "x86 128", "256": "x86 256", "neon": "arm64"}
    cells = {}
    for name in dict.fromkeys(row[0] for row in perf_rows()):
        mine = [row for row in perf_rows() if row[0] == name]
        sums = []
        for simd in names:
            found_ = [row[5] for row in sorted(mine) if row[2] == simd]
            sums.append(", ".join(dict.fromkeys(found_)) or "-")
        missed = [f"not {' '.join(w for w in (names.get(simd, ''), hw.strip('*')) if w) or 'anywhere'}: {why}"
                  for class_, hw, simd, _, why in exceptions if class_ == name]
        cells[name] = [targets.get(name, "none"), *sums, "; ".join(missed) or "reached"]
    return cells


def check_instructions():
    """The table of targets, and each row of a table in the way perf-insn.sh prints it."""
    same(PERF_DOC, "instructions", {row[0]: row[1:] for row in table(PERF_DOC, "instructions")}, instructions())
    code = {" ".join(row[:3]): " ".join(row[3:]) for row in perf_rows() if row[2] != "neon"}
    pattern = re.compile(r"^([a-z0-9]+) +(v\d) +(\d+) +([-\d.]+) +([-\d.]+) +([-\d.]+) +([-\d.]+)$", re.M)
    for name in (PERF_DOC, "README.md"):
        doc = {" ".join(m.groups()[:3]): " ".join(m.groups()[3:]) for m in pattern.finditer(read(name))}
        same(name, "instructions of", doc, code)


# ---- the rest ----


def check_example():
    name = "doc/first-op.c"
    source = read(name).split("\n\n", 1)[1].strip()
    block = found(r"<!-- doc/first-op\.c -->\n```c\n(.*?)```", read(START_DOC), START_DOC)
    # a display with tabs of eight columns is too wide for a page
    if block.replace("    ", "\t").strip() != source.replace("    ", "\t"):
        problem(f"{START_DOC}: its program differs from {name}")


def pages():
    out = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = set(out.stdout.split()) | {str(p.relative_to(ROOT)) for p in ROOT.glob("doc/*.md")}
    return sorted(n for n in names | {"README.md"} if (ROOT / n).is_file())


def anchors(name):
    text = re.sub(r"^```.*?^```", "", read(name), flags=re.M | re.DOTALL)
    heads = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}


def check_links():
    for name in pages():
        text = re.sub(r"^```.*?^```", "", read(name), flags=re.M | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (ROOT / name).parent / path if path else ROOT / name
            if not target.exists():
                problem(f"{name}: link to {link}: there is no such file")
            elif anchor and target.suffix == ".md":
                if anchor not in anchors(target.resolve().relative_to(ROOT)):
                    problem(f"{name}: link to {link}: there is no such heading")


def check_width():
    for name in pages():
        for nb, line in enumerate(read(name).splitlines(), 1):
            if len(line.expandtabs(8)) > MAX_COLUMNS and (name == "README.md" or name.startswith("doc/")):
                problem(f"{name}:{nb}: {len(line.expandtabs(8))} columns, {MAX_COLUMNS} are the most")


def check_litmus():
    """Each litmus test is named in the code and in the page, and what they name is there."""
    there = {path.stem for path in (ROOT / "lib/wd/litmus").glob("*.litmus")}
    code = "".join(read(path.relative_to(ROOT)) for path in sorted((ROOT / "lib").rglob("*.[ch]")))
    for where, text in (("lib", code), (ORDERING_DOC, read(ORDERING_DOC))):
        named = set(re.findall(r"\b([a-z-]+)(?=\.litmus\b)", text))
        for name in sorted(named ^ there):
            problem(f"{where}: {name}.litmus is {'not named' if name in there else 'not there'}")


# ---- barriers ----

# what orders, and what a list calls it; relaxed accesses order nothing
ORDERS = re.compile(r"\b(rte_(?:io_|smp_|cio_)?[rw]?mb|rte_compiler_barrier|smp_\w*mb\w*|dma_[rw]?mb|barrier|__sync_synchronize)"
                    r"\s*\(|__ATOMIC_(ACQUIRE|RELEASE|ACQ_REL|SEQ_CST|CONSUME)\b"
                    r"|\b(?:rte_)?memory_order_(acquire|release|acq_rel|seq_cst|consume)\b"
                    r"|\bsmp_(?:load_|store_)(acquire|release)\b")
BARRIERS_IN = ("lib/**/*.[ch]", "drivers/**/*.[ch]", "kernel/*.[ch]")
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
# of a function: its name begins the line, or it is on one line with its type, as in the kernel
FUNCTION = re.compile(r"^(?:(?:static|inline|const|unsigned|struct|enum|union) (?:[\w*]+[ *]+)*|[a-z]\w* \*?)?(\w+)\([^;]*$")


def barriers():
    """Counts of (file, function, kind)."""
    counts = collections.Counter()
    for pattern in BARRIERS_IN:
        for path in sorted(ROOT.glob(pattern)):
            name, function = str(path.relative_to(ROOT)), "?"
            text = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), path.read_text(encoding="utf-8"))
            for line in text.splitlines():
                match = FUNCTION.match(line)
                if match and not line.startswith("#"):
                    function = match[1]
                for call, *orders in ORDERS.findall(line):
                    kind = f"{call}()" if call else next(filter(None, orders)).lower()
                    counts[name, function, kind] += 1
    if len(counts) < 10:
        sys.exit(f"check-doc: only {len(counts)} barriers found")
    return counts


def check_barriers():
    """The lists are what the code has; each row of the first has a litmus test and a mutant."""
    sides = {row[0]: re.findall(r"[\w/.]+", row[1]) for row in table(ORDERING_DOC, "sides")}
    code = barriers()
    doc = collections.Counter()
    page = read(ORDERING_DOC)
    pairs = found(r"\n\| litmus test \|(.*?)\n\n", page, ORDERING_DOC)
    spec = importlib.util.spec_from_file_location("ordering", ROOT / "devtools/ordering.py")
    ordering = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ordering)
    for number, function, kind, _ in table(ORDERING_DOC, "barriers"):
        function = function.removesuffix("()")
        files = sides.get(number[:1], [])
        # a branch is in no list of the code's
        if kind != "branch":
            where = [name for name in files if (name, function, kind) in code]
            doc[where[0] if where else "/".join(files), function, kind] += 1
        if not re.search(rf"\b{number}\b", pairs):
            problem(f"{ORDERING_DOC}: {number} is in no pair of a litmus test")
        word = kind.removesuffix("()").lower()
        if not any(mutant[1] in files and mutant[2] == function
                   and word in f"{mutant[0]} {mutant[3]}".lower()
                   for mutant in ordering.MUTANTS + ordering.MODULE_MUTANTS):
            problem(f"devtools/ordering.py: no mutant of {number}, {kind} in {function}()")
    for name, function, kind, _ in table(ORDERING_DOC, "other orders"):
        doc[name, function.removesuffix("()"), kind] += 1
    same(ORDERING_DOC, "barrier", {f"{kind} in {function}() of {name}": nb for (name, function, kind), nb in doc.items()},
         {f"{kind} in {function}() of {name}": nb for (name, function, kind), nb in code.items()})


def main():
    if sys.argv[1:] == ["algorithms"]:
        for name, cells in algorithms()[0].items():
            print(f"| {' | '.join([name] + cells)} |")
        return 0
    if sys.argv[1:] == ["messages"]:
        for page in LOGGING:
            for text, path in messages(page).items():
                print(f"{path}: {text}")
        return 0
    if sys.argv[1:] == ["instructions"]:
        for name, cells in instructions().items():
            print(f"| {' | '.join([name] + cells)} |")
        return 0
    if sys.argv[1:]:
        print(__doc__)
        return 2
    for check in (check_algorithms, check_features, check_devargs, check_comp_devargs, check_messages,
                  check_instructions, check_example, check_barriers, check_litmus, check_links, check_width):
        check()
    for text in problems:
        print(text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
