//! In a program of its own: no other test has used a language before.

use std::{sync::Barrier, thread};

use orchestrator_grammars::{ALL, Grammar};
use tree_sitter::Parser;

const SNIPPETS: &[(&str, &str)] = &[
    ("bash", "for f in *.sh; do echo \"$f\" | wc -c; done"),
    ("c", "int main(void) { return 0; }"),
    ("c_sharp", "class A { int F(int x) => x + 1; }"),
    ("cpp", "template <typename T> T twice(T x) { return x + x; }"),
    ("css", "a:hover > b { color: red; }"),
    ("go", "package main\n\nfunc main() { go f(1) }\n"),
    ("html", "<p class=\"a\">text</p>"),
    ("java", "class A { int f(int x) { return x + 1; } }"),
    ("javascript", "const f = async (x) => { await x?.y; };"),
    ("json", "{\"a\": [1, null]}"),
    ("kotlin", "fun main() { val xs = listOf(1).map { it + 1 } }"),
    ("php", "<p><?php echo $a->b(1); ?></p>"),
    ("php_only", "echo $a->b(1);"),
    ("python", "def f(x):\n    return [y for y in x if y]\n"),
    ("ruby", "def f(x)\n  x.map { |y| y + 1 }\nend\n"),
    ("rust", "fn f<T: Clone>(x: &T) -> T { x.clone() }"),
    ("swift", "func f(_ x: Int?) -> Int { guard let x else { return 0 }; return x }"),
    ("tsx", "const a = <B<C> d={e}>text</B>;"),
    ("typescript", "const f = <T>(x: T): x is NonNullable<T> => x !== null;"),
    ("yaml", "a:\n  - b: c\n"),
];

fn tree(grammar: &Grammar, snippet: &str, start: &Barrier) -> String {
    let mut parser = Parser::new();
    start.wait();
    parser.set_language(&grammar.language()).expect("the grammar is of an ABI that is read");
    parser.parse(snippet, None).expect("nothing stops it").root_node().to_sexp()
}

#[test]
fn every_language_parses_from_two_threads_at_its_first_use() {
    for grammar in ALL {
        let &(_, snippet) = SNIPPETS.iter().find(|&&(name, _)| name == grammar.name()).unwrap();
        let start = Barrier::new(2);
        let [one, other] = thread::scope(|scope| {
            [(); 2]
                .map(|()| scope.spawn(|| tree(grammar, snippet, &start)))
                .map(|thread| thread.join().unwrap())
        });
        assert_eq!(one, other, "{}", grammar.name());
        assert!(!one.contains("ERROR") && !one.contains("MISSING"), "{}: {one}", grammar.name());
    }
}
