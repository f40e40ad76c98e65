//! The outline of a file in each language: what it declares, where, and who may use it.

use std::sync::atomic::AtomicBool;

use orchestrator_tools::{Language, Limits, outline};

/// A line a symbol: indented by depth, `+` where it is exported, the kind, the name, the lines.
fn drawn(source: &str, language: Language) -> String {
    let outline = outline(source.as_bytes(), language, &Limits::default(), &AtomicBool::new(false))
        .expect("it is text");
    assert!(!outline.has_errors, "{language}: the example has errors");
    let lines = outline.symbols.iter().map(|symbol| {
        let kind = serde_json::to_value(symbol.kind).expect("a kind is text");
        format!(
            "{}{}{} {} {}-{}\n",
            "  ".repeat(symbol.depth as usize),
            if symbol.exported { "+" } else { "" },
            kind.as_str().expect("a kind is text"),
            symbol.name,
            symbol.line,
            symbol.end_line
        )
    });
    lines.collect()
}

macro_rules! outlines {
    ($($name:ident: $language:ident, $source:expr, $drawn:expr;)*) => {$(
        #[test]
        fn $name() {
            assert_eq!(drawn($source, Language::$language), $drawn);
        }
    )*};
}

outlines! {
    typescript_is_outlined: TypeScript,
    "import x from 'x';\nexport interface A {\n  m(): void;\n}\nexport type T = string;\nenum E { a }\nexport class C extends B {\n  #p = 1;\n  constructor() { super(); }\n  static async m() {\n    const inner = 1;\n  }\n  f = () => 1;\n}\nexport const go = async () => {\n  const y = 1;\n};\nconst limit = 5;\nexport default function main() {}\nnamespace N {\n  export function f() {}\n}\ndescribe('x', () => { const z = 1; });\n",
    "+interface A 2-4\n  method m 3-3\n+type T 5-5\nenum E 6-6\n+class C 7-14\n  constructor constructor 9-9\n  method m 10-12\n  method f 13-13\n+function go 15-17\nconstant limit 18-18\n+function main 19-19\nmodule N 20-22\n  +function f 21-21\n";
    tsx_is_outlined: Tsx, "export function App() {\n  return <b>{1}</b>;\n}\n", "+function App 1-3\n";
    javascript_is_outlined: JavaScript,
    "class A { get x() { return 1; } }\nconst f = function () {};\nfunction* g() {}\n",
    "class A 1-1\n  method x 1-1\nfunction f 2-2\nfunction g 3-3\n";
    python_is_outlined: Python,
    "LIMIT = 5\n\n@dataclass\nclass A(B):\n    x: int = 1\n\n    def m(self):\n        def inner(): pass\n\n    async def _p(self): pass\n\ndef f(): pass\n",
    "+constant LIMIT 1-1\n+class A 4-10\n  +method m 7-8\n  method _p 10-10\n+function f 12-12\n";
    rust_is_outlined: Rust,
    "pub const A: u8 = 1;\npub(crate) struct S;\nimpl fmt::Display for S {\n    fn fmt(&self) {}\n}\nimpl S {\n    pub fn new() -> Self { S }\n}\nmod tests {\n    fn t() {}\n}\npub trait T {\n    type X;\n    fn m(&self);\n}\nmacro_rules! m { () => {} }\n",
    "+constant A 1-1\n+struct S 2-2\nimplementation fmt::Display for S 3-5\n  method fmt 4-4\nimplementation S 6-8\n  +method new 7-7\nmodule tests 9-11\n  function t 10-10\n+interface T 12-15\n  type X 13-13\n  method m 14-14\nmacro m 16-16\n";
    go_is_outlined: Go,
    "package a\n\nconst Max = 1\n\ntype S struct {\n\tx int\n}\n\ntype I interface {\n\tM() error\n}\n\ntype id = string\n\nfunc (s *S) Do() {}\n\nfunc run[T any](t T) {}\n",
    "+constant Max 3-3\n+struct S 5-7\n+interface I 9-11\n  +method M 10-10\ntype id 13-13\n+method (s *S) Do 15-15\nfunction run 17-17\n";
    java_is_outlined: Java,
    "package a;\npublic class A {\n  A() {}\n  public void m() {}\n  enum E { X; void f() {} }\n  record R(int x) {}\n}\ninterface I { void m(); }\n",
    "+class A 2-7\n  constructor A 3-3\n  +method m 4-4\n  enum E 5-5\n    method f 5-5\n  struct R 6-6\ninterface I 8-8\n  method m 8-8\n";
    c_is_outlined: C,
    "#define SQ(x) ((x) * (x))\ntypedef struct point { int x; } point_t;\nenum e { A };\nint *f(void);\nstatic int (*g)(void);\nint main(int argc, char **argv) {\n  int y = 1;\n  return y;\n}\n",
    "macro SQ 1-1\ntype point_t 2-2\n  struct point 2-2\nenum e 3-3\nfunction f 4-4\nfunction main 6-9\n";
    cpp_is_outlined: Cpp,
    "namespace n {\ntemplate <class T>\nclass A : public B {\n public:\n  A() = default;\n  virtual void m() const;\n  int &r() { return x; }\n  int x;\n};\nusing U = int;\n}\nint n::A::f() { return 1; }\n",
    "module n 1-11\n  class A 3-9\n    method A 5-5\n    method m 6-6\n    method r 7-7\n  type U 10-10\nfunction n::A::f 12-12\n";
    csharp_is_outlined: CSharp,
    "namespace N;\npublic record R(int X);\npublic class A : B {\n  public A() {}\n  public int P { get; set; }\n  private void M() => F();\n}\ninterface I { void M(); }\nenum E { X }\n",
    "module N 1-1\n+struct R 2-2\n+class A 3-7\n  +constructor A 4-4\n  +constant P 5-5\n  method M 6-6\ninterface I 8-8\n  method M 8-8\nenum E 9-9\n";
    ruby_is_outlined: Ruby,
    "module M\n  LIMIT = 5\n  class A < B\n    def m\n      x = 1\n    end\n    def self.n = 1\n  end\nend\ndef f; end\n",
    "module M 1-9\n  constant LIMIT 2-2\n  class A 3-8\n    method m 4-6\n    method n 7-7\nfunction f 10-10\n";
    php_is_outlined: Php,
    "<?php\nnamespace A;\nconst X = 1;\nfinal class B {\n  public function m(): void {}\n  private function p() {}\n}\ninterface I {}\nenum E: string { case A = 'a'; }\nfunction f() {}\n",
    "+module A 2-2\n+constant X 3-3\n+class B 4-7\n  +method m 5-5\n  method p 6-6\n+interface I 8-8\n+enum E 9-9\n+function f 10-10\n";
    kotlin_is_outlined: Kotlin,
    "package a\nconst val MAX = 1\ninterface I {\n  fun m()\n}\ndata class D(val x: Int) {\n  private fun p() {}\n}\nenum class E { A }\nobject O\ntypealias T = Int\nfun f() = 1\n",
    "+constant MAX 2-2\n+interface I 3-5\n  +method m 4-4\n+class D 6-8\n  method p 7-7\n+enum E 9-9\n+class O 10-10\n+type T 11-11\n+function f 12-12\n";
    swift_is_outlined: Swift,
    "let limit = 1\npublic protocol P { func m() }\nstruct S: P {\n  init() {}\n  func m() {}\n}\nextension S {\n  public func n() {}\n}\nenum E { case a }\ntypealias T = Int\nfunc f() {}\n",
    "constant limit 1-1\n+interface P 2-2\n  method m 2-2\nstruct S 3-6\n  constructor init 4-4\n  method m 5-5\nimplementation S 7-9\n  +method n 8-8\nenum E 10-10\ntype T 11-11\nfunction f 12-12\n";
    bash_is_outlined: Bash, "set -e\nf() {\n  echo 1\n}\nfunction g { :; }\n", "function f 2-4\nfunction g 5-5\n";
    html_is_outlined: Html,
    "<!doctype html>\n<html>\n<body>\n<h1>Hello <b>you</b></h1>\n<div id=\"main\">\n<h2>More</h2>\n<p>x</p>\n</div>\n</body>\n</html>\n",
    "heading Hello <b>you</b> 4-4\nid main 5-8\n  heading More 6-6\n";
    css_is_outlined: Css,
    ".a,\n.b > c { color: red; }\n@media (min-width: 1px) {\n  .d { color: blue; }\n}\n@keyframes k { from { top: 0; } }\n",
    "selector .a, .b > c 1-2\nselector @media (min-width: 1px) 3-5\n  selector .d 4-4\nselector @keyframes k 6-6\n";
    json_is_outlined: Json, "{\n  \"a\": { \"b\": 1 },\n  \"c\": [{ \"d\": 1 }]\n}\n", "key a 2-2\nkey c 3-3\n";
    jsonc_is_outlined: Jsonc, "{\n  // why\n  \"a\": 1\n}\n", "key a 3-3\n";
    yaml_is_outlined: Yaml, "a: 1\nb:\n  c: 2\n  d: 3\ne:\n  - f: 1\n", "key a 1-1\nkey b 2-4\nkey e 5-6\n";
}

#[test]
fn a_file_of_more_symbols_than_are_told_says_so() {
    let source = "f() { :; }\n".repeat(3_000);
    let outline =
        outline(source.as_bytes(), Language::Bash, &Limits::default(), &AtomicBool::new(false)).unwrap();
    assert_eq!(outline.symbols.len(), orchestrator_tools::MAX_SYMBOLS);
    assert!(outline.truncated);
    assert_eq!(outline.lines, 3_000);
}
