//! Each further language: constructs of today's code have no errors, and a mistake is found on its line.

use std::sync::atomic::AtomicBool;

use orchestrator_tools::{Language, Limits, SyntaxReport, check_syntax};

fn check(source: &str, language: Language) -> SyntaxReport {
    check_syntax(source.as_bytes(), language, &Limits::default(), &AtomicBool::new(false))
        .expect("it is text")
}

macro_rules! languages {
    ($($name:ident: $language:ident, valid [$($valid:expr),* $(,)?], broken [$(($broken:expr, $line:expr)),* $(,)?];)*) => {$(
        #[test]
        fn $name() {
            for source in [$($valid),*] {
                let report = check(source, Language::$language);
                assert!(report.errors.is_empty(), "{source}\n{:#?}", report.errors);
            }
            for (source, line) in [$(($broken, $line)),*] {
                let report = check(source, Language::$language);
                let first = report.errors.first().unwrap_or_else(|| panic!("no error is found in\n{source}"));
                assert_eq!(first.line, line, "{source}\n{:#?}", report.errors);
                assert!(!first.excerpt.is_empty() && !first.message.is_empty(), "{source}");
            }
        }
    )*};
}

languages! {
    go_is_checked: Go, valid [
        "package a\n\nimport (\n\t\"fmt\"\n\tx \"a/b\"\n)\n\ntype Number interface {\n\t~int | ~float64\n}\n\nfunc Sum[T Number](all ...T) (total T) {\n\tfor i := range 10 {\n\t\ttotal += T(i)\n\t}\n\treturn\n}\n",
        "package a\n\nfunc f() (err error) {\n\tdefer func() { _ = recover() }()\n\tgo g()\n\tselect {\n\tcase v, ok := <-c:\n\t\t_, _ = v, ok\n\tdefault:\n\t}\n\tswitch x := y.(type) {\n\tcase int, string:\n\t\tfallthrough\n\tcase nil:\n\t}\n\tm := map[string][]int{\"a\": {1, 2}}\n\tL:\n\tfor {\n\t\tbreak L\n\t}\n\treturn nil\n}\n",
        "package a\n\ntype List[T any] struct {\n\tnext *List[T] `json:\"next,omitempty\"`\n}\n\nvar _ = 0x1p-2 + 1_000 + 0b1 + 'x'\n",
    ], broken [
        ("package a\n\nfunc f() {\n\tx := \n}\n", 4),
        ("package a\n\nfunc f() {\n\tif x {\n\t\treturn\n}\n\nfunc g() {}\n", 4),
        ("package a\n\nvar x = (1 + 2\nvar y = 1\n", 3),
    ];
    java_is_checked: Java, valid [
        "package a.b;\n\nimport static java.util.Map.*;\n\npublic sealed interface Shape permits Circle, Square {}\nrecord Circle(double r) implements Shape {\n  Circle { if (r < 0) throw new IllegalArgumentException(); }\n}\n",
        "class A<T extends Comparable<? super T>> {\n  @Deprecated(since = \"1\") <R> R f(Object o) throws Exception {\n    var text = \"\"\"\n        hi \\\n        there\"\"\";\n    return switch (o) {\n      case Integer i when i > 1 -> null;\n      case Point(int x, var y) -> { yield null; }\n      case null, default -> throw new Exception();\n    };\n  }\n}\n",
        "class A {\n  void f() {\n    try (var in = open(); in) { } catch (IOException | RuntimeException e) { } finally { }\n    Runnable r = () -> {};\n    Function<String, Integer> g = String::length;\n    int[] x = {1, 2}, y[] = new int[3][];\n    if (o instanceof String s && s.length() > 1) return;\n    label: for (;;) { continue label; }\n  }\n}\n",
    ], broken [
        ("class A {\n  void f() {\n    int x = ;\n  }\n}\n", 3),
        ("class A {\n  void f() {\n    g(1;\n  }\n}\n", 3),
        ("class A {\n  void f() {\n    if (x) {\n      return;\n  }\n}\n", 3),
    ];
    c_is_checked: C, valid [
        "#include <stdio.h>\n#define MAX(a, b) ((a) > (b) ? (a) : (b))\n#ifdef X\n# define Y 1\n#else\n# error \"no\"\n#endif\ntypedef struct { int x : 3; union { int a; float b; }; } s_t;\nstatic const int table[] = { [0] = 1, [2] = 3 };\n",
        "int main(void) {\n  struct point p = { .x = 1, .y = 2 };\n  int (*f)(int, char *) = g;\n  for (int i = 0; i < 3; ++i) switch (i) { case 1: break; default: goto end; }\n  do { x <<= 1; } while (x && !y);\nend:\n  return sizeof(int) + (int)p.x + _Generic(x, int: 1, default: 2);\n}\n",
        "static inline __attribute__((unused)) int f(int n, int a[static n]) { return a[0]; }\n_Static_assert(1, \"x\");\nextern \"C\" { int g(void); }\n",
    ], broken [
        ("int main(void) {\n  int x = ;\n  return 0;\n}\n", 2),
        ("int f(void) {\n  return g(1;\n}\n", 2),
        ("int f(void) {\n  if (x) {\n    return 1;\n}\n\nint g(void) { return 2; }\n", 2),
    ];
    cpp_is_checked: Cpp, valid [
        "#pragma once\n#include <vector>\nnamespace a::b {\ntemplate <typename T, auto N = 3> requires std::integral<T>\nclass A final : public B, private virtual C<T> {\n public:\n  constexpr explicit A(T x) noexcept : x_{x} {}\n  A(const A&) = delete;\n  virtual ~A() = default;\n  auto operator<=>(const A&) const = default;\n  [[nodiscard]] T get() const& override { return x_; }\n private:\n  T x_{};\n};\n}\n",
        "auto f = [this, &x, y = std::move(z)]<class T>(T&& t) mutable -> int { return co_await t; };\nint main() {\n  for (auto& [k, v] : map) if (auto it = m.find(k); it != m.end()) continue;\n  auto s = R\"(raw \" text)\";\n  using enum Color;\n  try { throw std::runtime_error{\"x\"}; } catch (const std::exception& e) { } catch (...) { }\n  return static_cast<int>(1'000) + 0b1;\n}\n",
        "template <class... Ts> struct overloaded : Ts... { using Ts::operator()...; };\ntemplate <class... Ts> auto sum(Ts... ts) { return (ts + ...); }\n",
    ], broken [
        ("class A {\n  int x\n};\nint f() { return 1; }\n", 2),
        ("int main() {\n  std::vector<int> v{1, 2;\n  return 0;\n}\n", 2),
        ("int main() {\n  if (x) {\n    return 1;\n}\n\nint g() { return 2; }\n", 2),
    ];
    csharp_is_checked: CSharp, valid [
        "using System;\nusing static System.Math;\nusing Alias = System.Collections.Generic.List<int>;\nnamespace N;\n\npublic record struct P(int X, int Y);\npublic abstract class A<T>(int x) : B, IC where T : class, new() {\n  public required string Name { get; init; } = \"\";\n  public int this[int i] => i;\n  public event EventHandler? E;\n  public static A<T> operator +(A<T> a, A<T> b) => a;\n}\n",
        "class A {\n  async Task<int> F(ref int x, params string[] all) {\n    await foreach (var a in G()) { }\n    var r = x switch { > 1 and < 3 => \"a\", null => \"b\", _ => throw new Exception() };\n    if (o is { Length: > 1 } s and not null) return 1;\n    using var f = Open();\n    var q = from i in list where i > 1 orderby i descending select new { i };\n    string t = $\"{x,3:N2} {{}}\" + @\"c:\\x\" + \"\"\"raw \"text\" \"\"\";\n    int? n = a?.b?[0] ?? default;\n    (int a, int b) = (1, 2);\n    try { } catch (Exception e) when (e.X) { } finally { }\n    return await Task.FromResult(1);\n  }\n}\n",
        "Console.WriteLine(\"top\");\nint[] xs = [1, 2, .. ys];\nstatic int F() => 1;\n",
    ], broken [
        ("class A {\n  void F() {\n    int x = ;\n  }\n}\n", 3),
        ("class A {\n  void F() {\n    G(1;\n  }\n}\n", 3),
        ("class A {\n  void F() {\n    if (x) {\n      return;\n  }\n}\n", 3),
    ];
    ruby_is_checked: Ruby, valid [
        "# frozen_string_literal: true\nrequire_relative \"a\"\nmodule M\n  class A < Struct.new(:a, :b)\n    include Enumerable\n    attr_accessor :x, :y\n    CONST = %w[a b].freeze\n    def initialize(a, *rest, key:, other: 1, **opts, &block)\n      @a ||= a&.b&.[](0)\n      super\n    rescue ArgumentError, TypeError => e\n      retry if x\n    ensure\n      z\n    end\n    private def m = 1\n    class << self\n      def n; yield 1; end\n    end\n  end\nend\n",
        "case [1, [2, 3]]\nin [Integer => a, [b, *]] if a > 1 then puts a\nin {name: String => n, **nil} then n\nelse nil\nend\ntext = <<~HEAD\n  hi #{name}\nHEAD\nlist.map(&:to_s).each_with_index { |x, i| puts \"#{i}: #{x}\" unless i.zero? }\nf = ->(x) { x * 2 }\nx = if a then b else c end\nputs(a ? b : c)\nwhile true do break end\nh = { a: 1, \"b\" => 2, c: }\n",
        "begin\n  raise Error, \"x\" unless /a(?<n>b)/i =~ s\nend until done\n__END__\nanything ( here\n",
    ], broken [
        ("def f\n  x = [1, 2\n  y = 1\nend\n", 2),
        ("class A\n  def f(\n  end\nend\n", 2),
        ("def f\n  foo(1\nend\n", 2),
    ];
    php_is_checked: Php, valid [
        "<!doctype html>\n<p><?= $x ?></p>\n<?php if ($a): ?>\n<b>x</b>\n<?php else: ?>\n<i>y</i>\n<?php endif; ?>\n",
        "<?php\ndeclare(strict_types=1);\nnamespace A\\B;\nuse C\\{D, E as F};\nuse function g\\h;\n#[Attr(1)]\nfinal readonly class A extends B implements C, D {\n  use T;\n  const int X = 1;\n  public function __construct(private readonly ?int $x = null, protected int|string $y = 1) {}\n  public static function f(self $a, int ...$rest): static { return new static(...$rest); }\n}\nenum Suit: string { case A = 'a'; public function label(): string { return ucfirst($this->value); } }\n",
        "<?php\n$f = fn(int $x): int => $x ** 2;\n$g = function () use (&$a, $b): void {};\n$r = match (true) { $a > 1, $b => 'x', default => throw new E() };\n['a' => $x, 'b' => [$y]] = $z;\n$s = <<<TXT\n  hi {$a['b']} $c->d\n  TXT;\n$n = $a?->b ?? $c ?: 1;\nforeach ($list as $k => ['id' => $id]) { echo $k, $id; }\ntry { f(name: 1, ...$x); } catch (A | B) { } finally { }\n$h = strlen(...);\nnew class(1) extends A {};\n",
    ], broken [
        ("<?php\n$a = 1;\n$b = ;\n", 3),
        ("<?php\nfunction f() {\n  if ($a) {\n    return 1;\n}\n\nfunction g() {}\n", 3),
        ("<?php\nf(1, [2, 3);\n$x = 1;\n", 2),
    ];
    kotlin_is_checked: Kotlin, valid [
        "interface I { fun f() }\ninterface J { fun g(a: Int): List<Int>? }\n",
        "@file:JvmName(\"A\")\npackage a.b\n\nimport c.*\nimport d.e as f\n\nsealed interface S {\n    data class A(val x: Int, var y: String? = null) : S\n    object B : S\n}\n\ninline fun <reified T : Any> T.f(crossinline g: (T) -> Unit = {}): T where T : S = apply { g(this) }\n",
        "class A private constructor(private val x: Int) : B(x), C by D() {\n    companion object {\n        const val MAX = 1_000\n    }\n    var y: Int = 0\n        private set\n    val z by lazy { 1 }\n    init {\n        require(x > 0) { \"no $x ${x + 1}\" }\n    }\n    suspend fun f(vararg all: Int): String = when (val n = all.size) {\n        0 -> \"none\"\n        in 1..3, !in 5 until 9 -> \"few\"\n        else -> throw E()\n    }\n    override operator fun plus(o: A) = this\n}\n",
        "fun main() {\n    val (a, b) = 1 to 2\n    for ((k, v) in map) println(k)\n    list.filter { it > 1 }.map { x -> x as? Int ?: return }\n    val t = \"\"\"raw $a\"\"\".trimIndent()\n    try { f() } catch (e: Exception) { } finally { }\n    val o = object : Runnable { override fun run() {} }\n    x!!.y?.z\n    loop@ while (true) { break@loop }\n}\n",
    ], broken [
        ("fun f() {\n    val x = \n}\n", 2),
        ("fun f() {\n    g(1, listOf(2)\n}\n", 2),
        ("fun f() {\n    if (x) {\n        return\n}\n\nfun g() {}\n", 2),
    ];
    swift_is_checked: Swift, valid [
        "import Foundation\n@testable import A\n\npublic protocol P: AnyObject {\n    associatedtype T: Equatable\n    var x: Int { get set }\n    static func f(_ a: T, b c: Int) async throws -> T?\n}\n\nstruct S<T>: P where T: Hashable {\n    @State private var x = 1\n    lazy var y: Int = { 1 }()\n    let z: [String: [Int]]\n    init?(x: Int) { guard x > 0 else { return nil } }\n    subscript(i: Int) -> Int { get { i } set { x = newValue } }\n}\n",
        "enum E: Error {\n    case a(Int, String)\n    indirect case b(E)\n}\nextension Array where Element == Int {\n    func f() -> Int { reduce(0, +) }\n}\nfunc g() async throws {\n    if let a, let b = c?.d { }\n    switch e {\n    case .a(let x, _) where x > 1: break\n    case .b: fallthrough\n    default: throw E.a(1, \"x\\(1)\")\n    }\n    do { try await h() } catch let e as E { } catch { }\n    for i in 0..<3 where i > 1 { print(i) }\n    let f: (Int) -> Void = { [weak self] x in self?.g(x) }\n    defer { close() }\n    let t = \"\"\"\n    raw\n    \"\"\"\n    _ = list.map(\\.name)\n}\n",
        "actor A {\n    nonisolated let id = 1\n    @MainActor func f<T: P>(_ x: some P, y: any Q) -> T { fatalError() }\n}\n#if DEBUG\nlet d = true\n#endif\n",
    ], broken [
        ("func f() {\n    let x = \n}\n", 2),
        ("func f() {\n    g(1, [2)\n}\n", 2),
        ("func f() {\n    if x {\n        return\n}\n\nfunc g() {}\n", 2),
    ];
    bash_is_checked: Bash, valid [
        "#!/usr/bin/env bash\nset -euo pipefail\nreadonly a=${1:-x} b=\"$(cat <<'EOF'\ntext ( here\nEOF\n)\"\nf() { local x=\"$1\"; echo \"${x//a/b} ${#x} ${x^^}\"; }\nfor i in {1..3} \"${list[@]}\"; do echo \"$i\"; done\ncase \"$a\" in\n  x|y) echo 1 ;;\n  *) exit 1 ;;\nesac\n",
        "if [[ $a == b* && ! -f x || $c =~ ^[a-z]+$ ]]; then\n  echo $((1 + 2 * x))\nelif (( x > 1 )); then :\nelse\n  cmd 2>&1 | tee >(cat) > /dev/null &\nfi\nwhile read -r line; do echo \"$line\"; done < <(ls)\ndeclare -A map=([a]=1 [b]=2)\ntrap 'rm -f \"$t\"' EXIT INT\n[ -n \"$x\" ] && echo y || echo z\n",
    ], broken [
        ("f() {\n  echo 1\n", 1),
        ("echo 1\nif true; then\n  echo 2\n", 3),
        ("x=(1 2\necho 3\n", 1),
    ];
    html_is_checked: Html, valid [
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=utf-8><title>x</title><script>if (a < b) { }</script><style>.a { color: red }</style></head>\n<body><br><img src=a.png disabled><p>one<p>two<ul><li>a<li>b</ul>&amp; &nbsp;<!-- c --><my-tag data-x='1'/></body>\n</html>\n",
        "<svg viewBox=\"0 0 1 1\"><path d=\"M0 0\"/></svg>\n<template><slot name=\"x\"></slot></template>\n",
    ], broken [
        ("<div>\n<p class=>\n</div>\n", 2),
        ("<a href=\"x\">\n</a>\n</b>\n", 3),
    ];
    css_is_checked: Css, valid [
        "@import url(\"a.css\");\n@charset \"utf-8\";\n:root { --main: #fff; --x: calc(1px + 2%); }\n.a > .b ~ c + d::before, e[href^=\"x\" i]:not(.f):nth-child(2n + 1) { color: var(--main, red); margin: -1px auto !important; }\n@media (min-width: 1px) and (max-width: 2em) { .a { color: rgb(0 0 0 / 50%); } }\n@keyframes k { from { top: 0 } 50% { top: 1px } to { top: 2px } }\n@font-face { font-family: \"x\"; src: url(x.woff2) format(\"woff2\"); }\n@supports (display: grid) { .g { grid-template: \"a b\" 1fr / auto; } }\n",
        ".a { color: red; &:hover { color: blue; } .b & { top: 0; } }\n@layer base { html { inset: 0; } }\n@media (width >= 1px) and (height < 2em) { .a { top: 0; } }\n",
    ], broken [
        (".a {\n  color: red;\n.b { color: blue; }\n", 1),
        (".a { color: red; }\n}\n.b { top: 0; }\n", 2),
    ];
    yaml_is_checked: Yaml, valid [
        "# c\n---\na: &x\n  b: 1\n  list:\n    - one\n    - {two: 2, \"three\": [3, 4]}\nc:\n  <<: *x\n  text: |\n    raw: [ text\n  folded: >-\n    a\n    b\n? complex\n: value\n...\n---\nsecond: !!str 1\n",
        "on:\n  push:\n    branches: [main]\njobs:\n  a:\n    steps:\n      - uses: x/y@v1\n        with: {a: '${{ b }}'}\n      - run: |\n          echo 1\n",
    ], broken [
        ("a: 1\nb: [1, 2\nc: 3\n", 2),
        ("a: \"x\nb: 1\n", 1),
    ];
}

#[test]
fn what_a_macro_may_explain_is_no_error_and_what_it_can_not_is() {
    for (source, language) in [
        ("BEGIN_DECLS\nint f(void);\nEND_DECLS\n", Language::C),
        ("static int __init f(void) { return 0; }\n", Language::C),
        ("class EXPORT B {\n  Q_OBJECT\npublic:\n  int x;\n};\n", Language::Cpp),
    ] {
        let report = check(source, language);
        assert!(report.errors.is_empty(), "{source}\n{:#?}", report.errors);
    }
    let report = check("#define MAX_SIZE 1\nint f(void) {\n  int a[MAX_SIZE;\n  return 0;\n}\n", Language::C);
    assert_eq!(report.errors.first().map(|error| error.line), Some(3));
    let report = check("#define MAX_SIZE 1\n\nint f(void) {\n  int x = ;\n  return 0;\n}\n", Language::C);
    assert_eq!(report.errors.first().map(|error| error.line), Some(4));
}
