//! Valid files have no errors, also where a grammar doesn't know the construct.

use std::{fs, path::Path, sync::atomic::AtomicBool};

use orchestrator_tools::{Language, Limits, check_syntax};

fn assert_valid(name: &str, source: &[u8], language: Language) {
    let report = check_syntax(source, language, &Limits::default(), &AtomicBool::new(false)).expect(name);
    assert!(report.errors.is_empty(), "{name}: {:#?}", report.errors);
}

#[test]
fn the_sources_of_this_repository_are_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seen = 0;
    let mut folders = vec![root.join("crates"), root.join("ts"), root.join("scripts")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if entry.file_type().unwrap().is_dir() {
                if name != "node_modules" && name != "target" && name != "fixtures" {
                    folders.push(entry.path());
                }
            } else if let Some(language) = Language::of_path(&entry.path()) {
                assert_valid(&entry.path().display().to_string(), &fs::read(entry.path()).unwrap(), language);
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "only {seen} files were looked at");
}

#[test]
fn typescript_that_the_grammar_does_not_know_is_valid() {
    for source in [
        "using a = open();\nawait using b = open();\nfor (using c of d) {\n  c.e();\n}\n",
        "export interface Cache<in out Key, out A = never, in B = any> {\n  get: A;\n}\n",
        "declare const a: import(\"./b\").Prompt<boolean, { c: string }>;\n",
        "type A = (b: import('./b').B<string>[]) => import('./c').C.D<number>;\n",
        "export type * from \"./a\";\nexport type * as b from './b';\n",
        "function del() {}\nexport { del as delete };\nimport { null as none } from \"./a\";\n",
        "type A<T> = { [K in keyof T]? : T[K] };\n",
        "type A = { [K in keyof readonly any[]]?: boolean };\n",
        "interface A {\n  abstract?: boolean;\n  declare: string;\n}\n",
        "declare module \"a\" {\n  global {\n    var b: string;\n  }\n}\n",
        "export default function (): { a: string };\n",
        "const a = sql<{ id: number }>`select 1`;\n",
        "declare const get: {\n  (key: string): Array<string>\n  /** As T. */\n  <T>(key: string): Array<T>\n  <T, U>(key: T): Map<T, U>\n}\n",
    ] {
        assert_valid(source, source.as_bytes(), Language::TypeScript);
    }
}

#[test]
fn rust_that_the_grammar_does_not_know_is_valid() {
    for source in [
        "fn a() -> R { Ok(try!(b())) }\n",
        "fn a() { let b = str![[r#\"c\"#]]; }\n",
        "unsafe extern \"C\" {\n    safe fn a() -> u64;\n}\n",
        "macro_rules! a { ($b:ident, $) => { c!(@d[$] e) }; }\n",
    ] {
        assert_valid(source, source.as_bytes(), Language::Rust);
    }
}

#[test]
fn a_word_that_is_a_name_is_left_alone_by_the_rewording() {
    // The first line is what the grammar doesn't know, so that the text is reworded.
    for rest in [
        "import { a, out as b } from \"./a\";\n",
        "const c = d < out;\nf(c, out);\n",
        "const text = \"import('x') as null, \";\n",
        "const f = async\n  <T>(x: T) => x;\nconst g =\n  <T>(x: T) => x;\n",
    ] {
        let source = format!("export type * from \"./a\";\n{rest}");
        assert_valid(&source, source.as_bytes(), Language::TypeScript);
    }
}

#[test]
fn rewording_hides_no_mistake() {
    let source = "export type * from \"./a\";\nusing a = open();\nconst b = ;\n";
    let report =
        check_syntax(source.as_bytes(), Language::TypeScript, &Limits::default(), &AtomicBool::new(false))
            .unwrap();
    assert_eq!(report.errors.iter().map(|error| error.line).collect::<Vec<_>>(), [3]);
    assert_eq!(report.errors[0].excerpt, "const b = ;");
}

#[test]
fn modern_forms_of_every_language_are_valid() {
    for (language, source) in [
        (
            Language::TypeScript,
            "#!/usr/bin/env node\n\
             import data from \"./a.json\" with { type: \"json\" };\n\
             export const b = { c: 1 } as const satisfies Record<string, number>;\n\
             export class D<const T extends readonly unknown[]> extends E {\n\
             \x20 static { F.init(); }\n\
             \x20 accessor g = 1;\n\
             \x20 #h?: string;\n\
             \x20 @log() override async *i(this: this, ...rest: [a: T, b?: number]): AsyncGenerator<never> {}\n\
             }\n\
             export abstract class J { abstract k(): asserts this is J; }\n\
             type L = `a${string}` extends `${infer M extends string}b` ? M : never;\n\
             let n = a?.b?.[0]?.(c) ?? d!; n ||= 1_000n; label: for await (const x of y) continue label;\n",
        ),
        (
            Language::Tsx,
            "export const A = <T,>({ b, ...c }: P<T>) => (\n  <>\n    {/* d */}\n    <E.F {...c} g=\"h\" i={j => <k />}>text &amp; {`${b}`}</E.F>\n  </>\n);\n",
        ),
        (
            Language::JavaScript,
            "export default class { static #a = 1; get b() { return this.#a ?? 1e3 } static async *[c]() {} }\nconst r = /[/\\]]+(?<n>a)/giu, t = <div a={1}/>;\nimport(\"./d.js\").then(({ default: e }) => e)\n",
        ),
        (
            Language::Python,
            "from __future__ import annotations\n\ntype A[T] = list[T]\n\n\nclass B[T: int](C, metaclass=D):\n\tx: int = 1\n\n\tasync def f(self, /, a, *, b=1, **kw) -> None: ...\n\n\n@decorated\ndef g(*args):\n    match args:\n        case [1, *rest] if rest: return f\"{rest!r:>{10}} {'a'}\"\n        case {\"k\": v} | B(x=v): pass\n        case _:\n            # only a comment first\n            with (open(a) as b, open(c) as d):\n                yield from (e := [i async for i in b])\n    try: pass\n    except* (A, B): raise\n    if a and \\\n  b:\n        pass\n    x = [\n1,\n  ]\n\x0c\ndef h(): print(\"a\", end=''); return lambda *a, **k: (a, k)\n",
        ),
        (
            Language::Rust,
            "#![allow(dead_code)]\nuse std::{fmt, io::{self, Read as _}};\n/// Doc.\n#[derive(Debug)]\npub(crate) enum A<'a, const N: usize = 3> where Self: Sized { B { c: &'a [u8; N] }, D = 1 }\nasync fn e(f: impl Fn(u8) -> bool + use<>) -> Result<(), Box<dyn std::error::Error>> {\n    let Some(g) = h? else { return Err(r#\"a \"b\" {\"#.into()) };\n    let k = if let Some(x) = g && x > 1 { x } else { 2 };\n    'l: loop { break 'l; }\n    match k { 1..=9 | 20.. => {}, n @ (10 | 11) if n > 1 => (), _ => unreachable!(\"{k:?} }}\") }\n    let m = async move |x: u8| -> u8 { x + c\"x\".len() as u8 };\n    Ok(m(b'{').await)\n}\nunsafe extern \"C\" { safe fn o(); }\nmacro_rules! p { ($($t:tt)*) => { $($t)* }; }\nimpl<T: ?Sized> fmt::Display for Q<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, \"{}\", 0xFFu8) } }\n",
        ),
        (Language::Json, "{\"a\": [1e5, -0.5, true, null, \"\\u00e9\\n\"], \"b\": {}}"),
        (Language::Json, "\u{feff}\"just a string\"\n"),
        (Language::Jsonc, "// settings\n{\n  \"a\": [1, 2,], /* b */\n  \"c\": \"http://d\", // e\n}\n"),
        (Language::Jsonc, ""),
        (Language::TypeScript, ""),
        (Language::Python, "\n\n"),
        (Language::Rust, "// only a comment"),
    ] {
        assert_valid(source, source.as_bytes(), language);
    }
}
