#!/usr/bin/env python3
"""docs/*.md, README.md and openapi.yaml as static pages with one list of links: `render.py FOLDER TARGET…`."""

import html
import re
import shutil
import sys
from pathlib import Path

import markdown
import yaml

TREE = Path(__file__).resolve().parents[2]
ORDER = ["operations", "configuration", "command-line", "models", "evaluation", "photos", "page", "scaling", "performance", "security", "architecture",
         "network", "specification", "training", "library", "dependencies", "scope", "releasing"]
STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8881; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0; display: grid; grid-template-columns: 14rem minmax(0, 54rem); gap: 2rem; padding: 1.5rem; }
nav { font-size: .9rem; position: sticky; top: 1.5rem; align-self: start; } nav a { display: block; padding: .1rem 0; }
table { border-collapse: collapse; display: block; overflow-x: auto; } td, th { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; } code { font-size: .9em; } img { max-width: 100%; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; } }
"""


def text(source):
    return markdown.markdown(source, extensions=["tables", "fenced_code", "toc", "sane_lists"])


def navigation(names, targets):
    links = [("index.html", "deblur"), ("openapi.html", "HTTP interface")]
    links += [(f"{name}.html", name.replace("-", " ")) for name in names]
    links += [(f"api/{target}/documentation/{target.lower()}/index.html", target) for target in targets]
    return "".join(f'<a href="{path}">{html.escape(label)}</a>' for path, label in links)


def page(title, body, links):
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{html.escape(title)}</title><style>{STYLE}</style><nav>{links}</nav><main>{body}</main></html>\n")


def local_links(body, names, folder, out):
    """Links between the repository's files become links between pages; other files are taken along as they are."""
    def target(match):
        path, anchor = match.group(1), match.group(2) or ""
        file = (folder / path).resolve()
        if file == TREE / "README.md":
            return f'href="index.html{anchor}"'
        if file.parent == TREE / "docs" and file.stem in names:
            return f'href="{file.stem}.html{anchor}"'
        if file == TREE / "openapi.yaml":
            return 'href="openapi.html"'
        if not file.is_file():
            return match.group(0)
        name = str(file.relative_to(TREE)).replace("/", "-")
        (out / "sources").mkdir(exist_ok=True)
        shutil.copy(file, out / "sources" / name)
        return f'href="sources/{name}"'
    body = re.sub(r'href="(?!https?:|#|mailto:)([^"#]+)(#[^"]*)?"', target, body)
    return body.replace('src="docs/pictures/', 'src="pictures/')


def resolve(document, value):
    while isinstance(value, dict) and "$ref" in value:
        node = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        value = node
    return value


def rows(head, lines):
    def row(tag, cells):
        return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{row('th', head)}{''.join(row('td', line) for line in lines)}</table>"


def schema_text(schema):
    return f"<code>{html.escape(yaml.safe_dump(schema, default_flow_style=True, sort_keys=False, width=10**6).strip().removesuffix('...').strip())}</code>"


def operation(document, path, method, item, shared):
    parts = [f'<h2 id="{item.get("operationId", method + path)}"><code>{method.upper()} {html.escape(path)}</code></h2>']
    parts.append(text(item.get("summary", "") + "\n\n" + item.get("description", "")))
    parameters = [resolve(document, parameter) for parameter in [*shared, *item.get("parameters", [])]]
    if parameters:
        parts.append(rows(["parameter", "in", "form", "meaning"], [
            [f"<code>{parameter['name']}</code>", parameter["in"], schema_text(parameter.get("schema", {})), text(parameter.get("description", ""))]
            for parameter in parameters]))
    body = resolve(document, item.get("requestBody", {}))
    if body:
        parts.append(f"<p>Body: {', '.join(f'<code>{kind}</code>' for kind in body['content'])}</p>" + text(body.get("description", "")))
    answers = []
    for status, answer in item["responses"].items():
        answer = resolve(document, answer)
        fields = ", ".join(f"<code>{name}</code>" for name in answer.get("headers", {}))
        answers.append([f"<b>{status}</b>", text(answer.get("description", "")), ", ".join(f"<code>{kind}</code>" for kind in answer.get("content", {})), fields])
    parts.append(rows(["status", "when", "content", "fields"], answers))
    return "".join(parts)


def contract(document):
    info = document["info"]
    parts = [f"<h1>{info['title']} {info['version']}</h1>", text(info.get("summary", "") + "\n\n" + info.get("description", ""))]
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                parts.append(operation(document, path, method, item[method], item.get("parameters", [])))
    parts.append("<h2>Forms</h2>")
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        parts.append(f'<h3 id="{name}">{name}</h3><pre>{html.escape(yaml.safe_dump(schema, sort_keys=False, width=110))}</pre>')
    return "".join(parts)


def main():
    out, targets = Path(sys.argv[1]), sys.argv[2:]
    found = {path.stem: path for path in (TREE / "docs").glob("*.md")}
    names = [name for name in ORDER if name in found] + sorted(set(found) - set(ORDER))
    links = navigation(names, targets)
    for name in names:
        source = found[name].read_text()
        (out / f"{name}.html").write_text(page(source.split("\n", 1)[0].strip("# "), local_links(text(source), names, TREE / "docs", out), links))
    (out / "index.html").write_text(page("deblur", local_links(text((TREE / "README.md").read_text()), names, TREE, out), links))
    document = yaml.safe_load((TREE / "openapi.yaml").read_text())
    (out / "openapi.html").write_text(page("HTTP interface", contract(document), links))
    shutil.copytree(TREE / "docs/pictures", out / "pictures", ignore=shutil.ignore_patterns("*.py"), dirs_exist_ok=True)
    check(out)


def check(out):
    """Every link between pages and to their parts leads somewhere."""
    dead = []
    for path in sorted(out.glob("*.html")):
        body = path.read_text()
        for target in re.findall(r'(?:href|src)="(?!https?:|mailto:)([^"]+)"', body):
            file, _, anchor = target.partition("#")
            other = out / file if file else path
            if file.startswith(("api/",)) or (other.is_file() and (not anchor or f'id="{anchor}"' in other.read_text())):
                continue
            dead.append(f"{path.name}: {target}")
    print("\n".join(f"leads nowhere: {link}" for link in dead))
    print(f"{len(list(out.glob('*.html')))} documents")
    if dead:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
