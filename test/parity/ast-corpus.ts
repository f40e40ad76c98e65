/** A file in each language for the parity of `ast_search`, with what is looked for in it. */

export interface Sample {
  /** A name that both ast-grep and we know. */
  readonly language: string;
  readonly file: string;
  readonly source: string;
  readonly patterns: readonly string[];
}

export const SAMPLES: readonly Sample[] = [
  {
    language: "typescript",
    file: "service.ts",
    source: `import { readFile, writeFile } from "node:fs/promises";
export interface User { readonly id: number; name?: string }
export class Service<T extends User> {
  #cache = new Map<number, T>();
  constructor(private readonly path: string) {}
  async load(id: number): Promise<T | undefined> {
    try {
      const text = await readFile(this.path, "utf8");
      const users = JSON.parse(text) as T[];
      console.log("loaded", users.length);
      return users.find((user) => user.id === id) ?? this.#cache.get(id);
    } catch (error) {
      console.error(error);
      return undefined;
    }
  }
}
if (process.env.DEBUG) { console.log(1, 2, 3); console.log(); }
export const add = (a: number, b: number) => a + b;
export function sum(...all: number[]) { let total = 0; for (const one of all) total = total + one; return total; }
`,
    patterns: [
      "console.log($$$ARGS)",
      "console.log($ONE)",
      "console.$METHOD($$$)",
      "await $CALL",
      "import { $$$NAMES } from $FROM",
      "try { $$$BODY } catch ($ERROR) { $$$HANDLER }",
      "$A = $A + $B",
      "const $NAME = $VALUE",
      "if ($TEST) { $$$ }",
      "return $X",
      "new Map<$K, $V>()",
      "($$$PARAMS) => $BODY",
      "$A ?? $B",
      "interface $I { $$$ }",
      "function $F($$$) { $$$ }",
    ],
  },
  {
    language: "tsx",
    file: "view.tsx",
    source: `export function List({ items }: { items: string[] }) {
  const [open, setOpen] = useState(false);
  return (
    <ul className="list" onClick={() => setOpen(!open)}>
      {items.map((item) => <li key={item}>{item}</li>)}
      <img src="a.png" />
      {open && <b>open</b>}
    </ul>
  );
}
`,
    patterns: [
      "<$TAG key={$K}>{$$$}</$TAG>",
      "<img src=$S />",
      "useState($INIT)",
      "const [$A, $B] = useState($$$)",
      "$A && $B",
      "$LIST.map($F)",
      "<$A>$$$</$A>",
    ],
  },
  {
    language: "javascript",
    file: "old.js",
    source: `var a = require("a"), b = require("b");
module.exports = function (x) { return x == null ? a : b; };
a.then(function (r) { return r; }).catch(console.error);
for (var i = 0; i < 10; i++) { if (i == 5) break; }
class A extends B { static m() { super.m(); } }
`,
    patterns: [
      "require($M)",
      "$A == $B",
      "function ($$$) { $$$ }",
      "$P.then($F)",
      "for ($I; $T; $N) { $$$ }",
      "class $A extends $B { $$$ }",
      "$C ? $A : $B",
    ],
  },
  {
    language: "python",
    file: "app.py",
    source: `import os
from typing import Optional

class Repo(Base):
    def __init__(self, path: str) -> None:
        self.path = path

    async def get(self, key, default=None):
        with open(self.path) as handle:
            data = handle.read()
        print(f"read {len(data)}", file=None)
        return data if data else default

def main():
    repo = Repo("x")
    for index, name in enumerate(["a", "b"]):
        print(index, name)
    try:
        os.remove("x")
    except OSError as error:
        print(error)
    return [x * 2 for x in range(10) if x]
`,
    patterns: [
      "print($$$)",
      "print($A, $B)",
      "def $F($$$): $$$",
      "with open($P) as $H: $$$",
      "self.$A = $V",
      "for $A, $B in $C: $$$",
      "[$E for $X in $Y if $Z]",
      "import $M",
      "$A if $C else $B",
      "class $C($B): $$$",
    ],
  },
  {
    language: "rust",
    file: "lib.rs",
    source: `use std::{fs, io};
#[derive(Debug, Clone)]
pub struct Point { pub x: i32, y: i32 }
impl Point {
    pub fn new(x: i32, y: i32) -> Self { Self { x, y } }
    fn length(&self) -> f64 { f64::from(self.x * self.x + self.y * self.y).sqrt() }
}
fn read(path: &str) -> Result<String, io::Error> {
    let text = fs::read_to_string(path)?;
    let first = text.lines().next().unwrap();
    println!("{} {}", first, text.len());
    if let Some(c) = first.chars().next() { return Ok(c.to_string()); }
    match text.len() { 0 => Ok(String::new()), n if n > 5 => Ok(text), _ => panic!("no") }
}
fn main() { read("a").unwrap(); let v: Vec<_> = (0..3).map(|x| x + 1).collect(); }
`,
    patterns: [
      "$X.unwrap()",
      "fn $F($$$) -> $R { $$$ }",
      "let $A = $B;",
      "println!($$$)",
      "if let Some($A) = $B { $$$ }",
      "match $X { $$$ }",
      "Ok($V)",
      "$A?",
      "struct $S { $$$ }",
      "|$A| $B",
      "impl $T { $$$ }",
    ],
  },
  {
    language: "go",
    file: "main.go",
    source: `package main

import "fmt"

type Server struct {
	addr string
}

func (s *Server) Run() error {
	if err := listen(s.addr); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	go func() { fmt.Println("x") }()
	defer stop()
	for i := 0; i < 3; i++ {
		fmt.Println(i, s)
	}
	x := []int{1, 2}
	return nil
}

func listen(addr string) error { return nil }
`,
    patterns: [
      "if err := $CALL; err != nil { $$$ }",
      "return $X",
      "func $F($$$) $R { $$$ }",
      "defer $X",
      "go $X",
      "$A := $B",
      "for $$$ { $$$ }",
      "type $T struct { $$$ }",
    ],
  },
  {
    language: "java",
    file: "Main.java",
    source: `package a.b;
import java.util.List;
public class Main extends Base implements Runnable {
  private final List<String> names = List.of("a");
  @Override public void run() {
    for (String name : names) { System.out.println(name); }
    if (names.isEmpty()) { throw new IllegalStateException("none"); }
    int total = names.stream().mapToInt(n -> n.length()).sum();
    System.out.println(total);
  }
}
`,
    patterns: [
      "System.out.println($X)",
      "throw new $E($$$)",
      "for ($T $N : $L) { $$$ }",
      "if ($C) { $$$ }",
      "int $A = $B;",
      "$X -> $Y",
      "import $$$;",
      "List.of($$$)",
    ],
  },
  {
    language: "c",
    file: "main.c",
    source: `#include <stdio.h>
struct point { int x; int y; };
static int add(int a, int b) { return a + b; }
int main(int argc, char **argv) {
  int total = add(1, 2);
  char *text = malloc(10);
  for (int i = 0; i < argc; i++) { printf("%s\\n", argv[i]); }
  if (text == NULL) { return 1; }
  free(text);
  return total;
}
`,
    patterns: [
      "add($A, $B)",
      "return $X;",
      "if ($C) { $$$ }",
      "for ($A; $B; $C) { $$$ }",
      "int $X = $Y;",
      "$A == NULL",
      "$A[$I]",
    ],
  },
  {
    language: "cpp",
    file: "main.cpp",
    source: `#include <vector>
namespace n {
template <typename T> class Box { public: explicit Box(T v) : v_(v) {} T get() const { return v_; } private: T v_; };
}
int main() {
  std::vector<int> all{1, 2, 3};
  for (const auto& one : all) { std::cout << one << std::endl; }
  auto f = [&](int x) { return x * 2; };
  auto p = std::make_unique<n::Box<int>>(1);
  if (p) { delete p.release(); }
  return f(2);
}
`,
    patterns: [
      "std::make_unique<$T>($$$)",
      "$A << $B",
      "for ($$$ : $L) { $$$ }",
      "return $X;",
      "delete $X;",
      "auto $A = $B;",
    ],
  },
  {
    language: "csharp",
    file: "Program.cs",
    source: `using System;
namespace App {
  public class Program {
    private readonly int _x = 1;
    public static async Task Main(string[] args) {
      Console.WriteLine("a");
      var total = await Sum(args);
      foreach (var a in args) { Console.WriteLine(a); }
      if (total is > 3) { throw new Exception("x"); }
    }
  }
}
`,
    patterns: [
      "Console.WriteLine($X)",
      "await $X",
      "var $A = $B;",
      "throw new $E($$$)",
      "foreach (var $A in $B) { $$$ }",
      "using $N;",
    ],
  },
  {
    language: "ruby",
    file: "app.rb",
    source: `require "json"
class App < Base
  attr_reader :name
  def initialize(name)
    @name = name
  end
  def run
    puts "hi #{@name}"
    [1, 2].each { |x| puts x }
    return nil if name.nil?
    JSON.parse(name)
  end
end
`,
    patterns: ["puts $X", "require $X", "@name = $V", "$L.each { |$X| $$$ }", "JSON.parse($X)", "$A.nil?"],
  },
  {
    language: "php",
    file: "app.php",
    source: `<?php
namespace App;
final class User {
  public function __construct(private string $name) {}
  public function greet(int $n): string { return "hi " . $this->name; }
}
$u = new User("a");
echo $u->greet(1);
foreach ([1, 2] as $k => $v) { echo $v; }
if (isset($u)) { print_r($u); }
`,
    patterns: ["new $C($$$)", "print_r($X)", "isset($X)", "return $X;", "echo $X;"],
  },
  {
    language: "kotlin",
    file: "App.kt",
    source: `package a
data class User(val id: Int, val name: String?)
fun greet(user: User): String {
    val name = user.name ?: "nobody"
    println("hi $name")
    listOf(1, 2).map { it * 2 }.forEach { println(it) }
    return if (user.id > 1) name else "x"
}
`,
    patterns: ["println($X)", "val $A = $B", "$A ?: $B", "return $X", "listOf($$$)"],
  },
  {
    language: "swift",
    file: "App.swift",
    source: `import Foundation
struct User { let id: Int; var name: String? }
func greet(_ user: User) -> String {
    guard let name = user.name else { return "nobody" }
    print("hi", name)
    let all = [1, 2].map { $0 * 2 }
    if all.count > 1 { print(all) }
    return name
}
`,
    patterns: ["print($$$)", "let $A = $B", "return $X", "import $M", "$A.count"],
  },
  {
    language: "bash",
    file: "run.sh",
    source: `#!/usr/bin/env bash
set -euo pipefail
greet() {
  echo "hi $1"
}
for file in *.txt; do
  if [ -f "$file" ]; then echo "$file"; fi
done
greet "$(whoami)" | tee out.txt
`,
    patterns: ["echo $X", "set $X pipefail", "greet $X", "$A | $B"],
  },
  {
    language: "html",
    file: "index.html",
    source: `<!doctype html>
<html><head><title>a</title></head>
<body><div class="x"><p>one</p><p>two</p></div><a href="/x">link</a></body></html>
`,
    patterns: ["<p>$X</p>", "<div class=$C>$$$</div>", "<a href=$H>$T</a>", "<$T>$$$</$T>"],
  },
  {
    language: "css",
    file: "style.css",
    source: `.a { color: red; margin: 0 auto; }
.b > .c:hover { color: blue; }
@media (max-width: 10px) { .a { color: red; } }
`,
    patterns: [".a { $$$ }", "$S { color: red; $$$ }", ".a { color: red; }"],
  },
  {
    language: "json",
    file: "data.json",
    source: `{ "name": "x", "list": [1, 2, { "name": "y" }], "on": true, "none": null }
`,
    patterns: ["[$$$]", "true", "null", '"name"'],
  },
  {
    language: "yaml",
    file: "data.yaml",
    source: `name: x
steps:
  - run: build
    with: { a: 1 }
  - run: test
name2: x
`,
    patterns: ["name: $X", "run: $X", "- run: $X"],
  },
];

/** Rules, which both take as YAML. */
export const RULES: readonly { readonly language: string; readonly rule: string }[] = [
  { language: "typescript", rule: "kind: call_expression\ninside: { kind: try_statement, stopBy: end }" },
  { language: "typescript", rule: "any:\n  - pattern: console.log($$$)\n  - pattern: console.error($$$)" },
  { language: "typescript", rule: "pattern: $F($$$)\nnot: { pattern: console.$M($$$) }" },
  { language: "typescript", rule: "regex: ^total$\nkind: identifier" },
  { language: "python", rule: "kind: function_definition\nhas: { kind: return_statement, stopBy: end }" },
  { language: "python", rule: "kind: identifier\nnthChild: 1" },
  { language: "rust", rule: "kind: expression_statement\nfollows: { kind: let_declaration, stopBy: end }" },
  { language: "rust", rule: "all:\n  - kind: function_item\n  - has: { kind: visibility_modifier }" },
  { language: "go", rule: "kind: call_expression\nhas: { field: function, regex: ^fmt }" },
  {
    language: "java",
    rule: "kind: method_invocation\ninside: { kind: enhanced_for_statement, stopBy: end }",
  },
];
