"""The page's files as they lie there: nothing that a strict Content-Security-Policy refuses, nothing from outside."""

import pathlib
import re
import unittest

PUBLIC = pathlib.Path(__file__).resolve().parents[2] / "Public"


class FileTests(unittest.TestCase):
    def files(self, *kinds):
        found = [path for path in PUBLIC.rglob("*") if path.suffix in kinds]
        self.assertTrue(found)
        return [(path.relative_to(PUBLIC), path.read_text()) for path in found]

    def test_no_address_outside(self):
        for name, text in self.files(".html", ".css", ".js", ".svg"):
            text = text.replace('xmlns="http://www.w3.org/2000/svg"', "")
            self.assertIsNone(re.search(r"(?:https?:)?//[\w.-]+\.\w+/|@import|url\(", text), f"{name} asks elsewhere")

    def test_no_inline_code(self):
        for name, text in self.files(".html", ".svg"):
            self.assertIsNone(re.search(r"\son\w+=|\sstyle=|<style|javascript:", text), f"{name} holds inline code")
            for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", text, re.S):
                self.assertEqual((body.strip(), "src=" in attributes), ("", True), f"{name} holds an inline script")

    def test_no_text_becomes_markup(self):
        for name, text in self.files(".js"):
            unsafe = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
            self.assertIsNone(re.search(unsafe, text), f"{name} turns text into markup or code")

    def test_every_id_and_module_named_exists(self):
        pages = "".join(text for _, text in self.files(".html"))
        ids = set(re.findall(r'\bid="([^"]+)"', pages))
        for name, text in self.files(".js"):
            self.assertLessEqual(set(re.findall(r'\b(?:element|getElementById)\("([^"]+)"\)', text)), ids, str(name))
            for module in re.findall(r'(?:from |import\()"(\./[^"]+)"', text):
                self.assertTrue((PUBLIC / name.parent / module).is_file(), f"{name} imports {module}")

    def test_lengths(self):
        for name, text in self.files(".html", ".css", ".js"):
            self.assertLess(text.count("\n"), 300, str(name))
            longest = max(text.splitlines(), key=len)
            self.assertLessEqual(len(longest), 120, f"{name}: {longest}")


if __name__ == "__main__":
    unittest.main()
