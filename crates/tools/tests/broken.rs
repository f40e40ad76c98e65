//! Broken files: the error is found, on the line where the mistake is.

use std::sync::atomic::AtomicBool;

use orchestrator_tools::{Language, Limits, check_syntax};

struct Case {
    name: &'static str,
    language: Language,
    source: &'static str,
    /// The line of the first error.
    line: u32,
    says: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "a value is missing",
        language: Language::TypeScript,
        source: "const a = 1;\nconst b = ;\nconst c = 3;\n",
        line: 2,
        says: "",
    },
    Case {
        name: "a brace in the middle is never closed",
        language: Language::TypeScript,
        source: "export function a(x: number) {\n  if (x > 1) {\n    return 1;\n  return 2;\n}\n\nexport function b() {\n  return 3;\n}\n",
        line: 2,
        says: "`{` is never closed",
    },
    Case {
        name: "a brace too many",
        language: Language::TypeScript,
        source: "function a() {\n  return 1;\n}\n}\n\nfunction b() {\n  return 2;\n}\n",
        line: 4,
        says: "`}` closes nothing",
    },
    Case {
        name: "a parenthesis is never closed",
        language: Language::JavaScript,
        source: "const a = 1;\nconsole.log(\"x\";\nconst b = 2;\n",
        line: 2,
        says: "",
    },
    Case {
        name: "a file cut off in the middle",
        language: Language::TypeScript,
        source: "export class A {\n  b() {\n    return [1, 2,",
        line: 1,
        says: "`{` is never closed",
    },
    Case {
        name: "a string is never closed",
        language: Language::JavaScript,
        source: "const a = 1;\nconst b = \"x;\nconst c = 3;\n",
        line: 2,
        says: "",
    },
    Case {
        name: "markers of a merge conflict",
        language: Language::TypeScript,
        source: "const a = 1;\n<<<<<<< HEAD\nconst b = 2;\n=======\nconst b = 3;\n>>>>>>> other\n",
        line: 2,
        says: "",
    },
    Case {
        name: "a Markdown fence around the code",
        language: Language::Rust,
        source: "```rust\nfn a() {}\n```\n",
        line: 1,
        says: "",
    },
    Case {
        name: "prose after the code",
        language: Language::TypeScript,
        source: "const a = 1;\n\nThis file now exports what the test needs.\n",
        line: 3,
        says: "",
    },
    Case {
        name: "an element is never closed",
        language: Language::Tsx,
        source: "export const A = () => (\n  <div>\n    <span>hello\n  </div>\n);\n",
        line: 3,
        says: "",
    },
    Case {
        name: "a comma is missing in an object",
        language: Language::JavaScript,
        source: "const a = {\n  b: 1\n  c: 2,\n};\n",
        line: 3,
        says: "",
    },
    Case {
        name: "a colon is missing",
        language: Language::Python,
        source: "def a():\n    return 1\n\ndef b()\n    return 2\n",
        line: 4,
        says: "",
    },
    Case {
        name: "a bracket is never closed",
        language: Language::Python,
        source: "a = 1\nb = foo(1, 2\nc = 3\n",
        line: 2,
        says: "`(` is never closed",
    },
    Case {
        name: "a function without a body",
        language: Language::Python,
        source: "def a():\n\ndef b():\n    return 2\n",
        line: 1,
        says: "",
    },
    Case {
        name: "a line with the wrong indentation",
        language: Language::Python,
        source: "def a():\n    x = 1\n  y = 2\n    return x\n",
        line: 3,
        says: "",
    },
    Case {
        name: "braces are not Python",
        language: Language::Python,
        source: "x = 1\nif x {\n    y = 2\n}\n",
        line: 2,
        says: "",
    },
    Case {
        name: "a semicolon is missing",
        language: Language::Rust,
        source: "fn a() {\n    let x = 1\n    let y = 2;\n}\n",
        line: 2,
        says: "missing `;`",
    },
    Case {
        name: "a brace is never closed",
        language: Language::Rust,
        source: "fn a() {\n    if true {\n        b();\n}\n\nfn c() {}\n",
        line: 2,
        says: "`{` is never closed",
    },
    Case {
        name: "half an expression",
        language: Language::Rust,
        source: "fn a() -> u32 {\n    1 +\n}\n",
        line: 2,
        says: "",
    },
    Case {
        name: "a comma is missing in a list",
        language: Language::Json,
        source: "{\n  \"a\": [1 2],\n  \"b\": 3\n}\n",
        line: 2,
        says: "",
    },
    Case {
        name: "a trailing comma",
        language: Language::Json,
        source: "{\n  \"a\": 1,\n}\n",
        line: 2,
        says: "`,`",
    },
    Case {
        name: "a comment",
        language: Language::Json,
        source: "{\n  // why\n  \"a\": 1\n}\n",
        line: 2,
        says: "",
    },
    Case { name: "two values", language: Language::Json, source: "{}\n{}\n", line: 2, says: "trailing" },
    Case { name: "a leading zero", language: Language::Json, source: "[\n  01\n]\n", line: 2, says: "" },
    Case { name: "nothing at all", language: Language::Json, source: "", line: 1, says: "" },
    Case {
        name: "a key without quotes",
        language: Language::Jsonc,
        source: "{\n  // kept\n  a: 1,\n}\n",
        line: 3,
        says: "",
    },
    Case {
        name: "an object that is never closed",
        language: Language::Json,
        source: "{\n  \"a\": {\n    \"b\": 1\n}\n",
        line: 2,
        says: "`{` is never closed",
    },
];

#[test]
fn the_first_error_is_on_the_line_of_the_mistake() {
    let mut wrong = Vec::new();
    for case in CASES {
        let report =
            check_syntax(case.source.as_bytes(), case.language, &Limits::default(), &AtomicBool::new(false))
                .unwrap();
        let first = report.errors.first();
        if !first.is_some_and(|error| error.line == case.line && error.message.contains(case.says)) {
            wrong.push(format!("{:?}, {}: {:#?}", case.language, case.name, report.errors));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_mistake_is_told_in_few_words() {
    for case in CASES {
        let report =
            check_syntax(case.source.as_bytes(), case.language, &Limits::default(), &AtomicBool::new(false))
                .unwrap();
        assert!(report.errors.len() <= 4, "{}: {:#?}", case.name, report.errors);
        for error in &report.errors {
            assert!(error.excerpt.chars().count() <= 120, "{}", case.name);
            assert!(error.end_line >= error.line, "{}", case.name);
            assert!(!error.message.is_empty() && !error.message.contains('\n'), "{}", case.name);
        }
    }
}
