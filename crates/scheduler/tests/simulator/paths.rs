//! The files of the simulated project, and which of them a scope covers: an oracle that enumerates paths.

use std::sync::LazyLock;

use globset::GlobBuilder;
use orchestrator_scheduler::Name;

/// The scopes that tasks declare. Some meet in one path only, or only where letters' case makes no difference.
pub(crate) const GLOBS: [&str; 20] = [
    "src/a.ts",
    "src/b.ts",
    "src/*.ts",
    "src/**",
    "src/{a,index}.ts",
    "src/deep",
    "src/deep/b.md",
    "lib",
    "lib/a.ts",
    "lib/deep/a.ts",
    "lib/*/b.ts",
    "docs/?.md",
    "docs/a.md",
    "docs/[a]",
    "Docs/B.md",
    "test/a",
    "test/a/index.ts",
    "test/index.ts",
    "**/*.md",
    "index.ts",
];

const FOLDERS: [&str; 5] = ["", "src/", "lib/", "docs/", "test/"];
const BELOW: [&str; 3] = ["", "deep/", "a/"];
const FILES: [&str; 7] = ["a.ts", "b.ts", "index.ts", "a.md", "b.md", "c.md", "a"];

/// For each of [`GLOBS`], a bit for each path that it covers.
static COVERED: LazyLock<[u128; GLOBS.len()]> = LazyLock::new(|| GLOBS.map(covered));

fn all() -> impl Iterator<Item = String> {
    FOLDERS.into_iter().flat_map(|folder| {
        BELOW
            .into_iter()
            .flat_map(move |below| FILES.into_iter().map(move |file| format!("{folder}{below}{file}")))
    })
}

fn covered(glob: &str) -> u128 {
    let matcher = GlobBuilder::new(glob).literal_separator(true).case_insensitive(true).build().unwrap();
    let matcher = matcher.compile_matcher();
    let names_a_folder = !glob.rsplit('/').next().unwrap().contains(['*', '?', '[']);
    let covers = |path: &str| {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        matcher.is_match(path)
            || (names_a_folder && folders.into_iter().any(|folder| matcher.is_match(folder)))
    };
    all().enumerate().filter(|(_, path)| covers(path)).fold(0, |bits, (at, _)| bits | 1 << at)
}

/// A bit for each path that one of these globs covers.
pub(crate) fn of(globs: &[Name]) -> u128 {
    globs.iter().fold(0, |bits, glob| bits | COVERED[index(glob)])
}

/// Whether two scopes share a path, or the scheduler may take it that they do, because it has to be sure: what looks
/// like a file could be a folder, and a class a literal name.
pub(crate) fn may_share(a: &[Name], b: &[Name]) -> bool {
    let unsure = |globs: &[Name]| globs.iter().any(|glob| glob.contains('[') || glob.contains("*/"));
    !a.is_empty() && !b.is_empty() && (unsure(a) || unsure(b) || of(a) & of(b) != 0)
}

fn index(glob: &str) -> usize {
    GLOBS.iter().position(|known| *known == glob).expect("tasks of the simulator declare these scopes only")
}

#[test]
fn the_oracle_sees_what_two_scopes_share() {
    let share = |a: &str, b: &str| of(&[a.into()]) & of(&[b.into()]) != 0;
    assert!(all().count() <= 128);
    assert!(GLOBS.iter().all(|glob| share(glob, glob)), "every scope has a path");
    for (a, b) in [
        ("src/**", "src/deep/b.md"),
        ("src/{a,index}.ts", "src/*.ts"),
        ("lib", "lib/*/b.ts"),
        ("docs/?.md", "Docs/B.md"),
        ("test/a", "test/a/index.ts"),
        ("**/*.md", "docs/a.md"),
    ] {
        assert!(share(a, b), "{a} and {b}");
    }
    for (a, b) in [
        ("src/a.ts", "src/b.ts"),
        ("src/{a,index}.ts", "src/b.ts"),
        ("lib/a.ts", "lib/deep/a.ts"),
        ("docs/a.md", "Docs/B.md"),
        ("index.ts", "test/index.ts"),
    ] {
        assert!(!share(a, b), "{a} and {b}");
    }
}
