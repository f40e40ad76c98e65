//! Whether a file belongs to a scope: what a guard asks before a change, where [`meet`](super::meet) asks whether two
//! scopes could clash. It reads brackets both ways, as a class and as a name, and lets either do.

use globset::{GlobBuilder, GlobMatcher};

/// Whether a task whose scope is `globs` may change the file `path`, relative to the project with `/` between folders.
///
/// A glob whose last segment is a name stands for that file and for all that is under the folder of that name. Letters
/// match in either case: some file systems make no difference. A glob that can't be read matches nothing, and a scope
/// without globs is unknown: nothing belongs to it.
#[must_use]
pub fn in_scope<Glob: AsRef<str>>(globs: &[Glob], path: &str) -> bool {
    globs.iter().any(|glob| covers(glob.as_ref(), path))
}

fn covers(glob: &str, path: &str) -> bool {
    let glob: String =
        glob.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
    let brackets_as_names = glob.replace('[', "[[]");
    [glob.as_str(), brackets_as_names.as_str()].into_iter().filter_map(reading).any(|glob| {
        glob.matcher.is_match(path)
            || (glob.is_name && ancestors(path).any(|folder| glob.matcher.is_match(folder)))
    })
}

struct Reading {
    matcher: GlobMatcher,
    /// Whether the last segment is a name, which may be that of a folder.
    is_name: bool,
}

fn reading(glob: &str) -> Option<Reading> {
    let last = glob.rsplit('/').next().unwrap_or(glob);
    let is_name = !last.replace("[[]", "").contains(['*', '?', '[', '{', '}']);
    let glob = GlobBuilder::new(glob).literal_separator(true).case_insensitive(true).build().ok()?;
    Some(Reading { matcher: glob.compile_matcher(), is_name })
}

/// The folders that a path lies in, the innermost first.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/').map(|(folder, _)| folder), |folder| {
        folder.rsplit_once('/').map(|(above, _)| above)
    })
}

#[cfg(test)]
mod tests {
    use super::in_scope;

    #[test]
    fn a_file_belongs_to_the_scope_whose_glob_matches_it() {
        for (glob, path, belongs) in [
            ("src/a.ts", "src/a.ts", true),
            ("src/a.ts", "src/a.tsx", false),
            ("src", "src/deep/er/a.ts", true),
            ("src/", "src/a.ts", true),
            ("./src/a.ts", "src/a.ts", true),
            ("src", "srcs/a.ts", false),
            ("src/*.ts", "src/a.ts", true),
            ("src/*.ts", "src/deep/a.ts", false),
            ("src/**", "src/deep/a.ts", true),
            ("**/*.md", "README.md", true),
            ("**/*.md", "docs/a.md", true),
            ("src/**/test", "src/x/test/a.ts", true),
            ("src/{a,b}.ts", "src/b.ts", true),
            ("src/{a,b}.ts", "src/c.ts", false),
            ("app/[id]/page.tsx", "app/[id]/page.tsx", true),
            ("app/[id]/page.tsx", "app/i/page.tsx", true),
            ("app/[id]", "app/[id]/page.tsx", true),
            ("src/[a-c].ts", "src/b.ts", true),
            ("src/[a-c].ts", "src/d.ts", false),
            ("SRC/A.ts", "src/a.ts", true),
            ("src/.hidden/**", "src/.hidden/x", true),
            ("src/*", "src/.env", true),
            ("src/?.ts", "src/e.ts", true),
            ("app/[id]", "app/[id]", true),
            ("app/[id]", "app/x/page.tsx", false),
        ] {
            assert_eq!(in_scope(&[glob], path), belongs, "{glob} {path}");
        }
    }

    #[test]
    fn a_scope_is_all_of_its_globs_and_an_empty_one_has_no_files() {
        assert!(in_scope(&["docs", "src/*.ts"], "src/a.ts"));
        assert!(!in_scope::<&str>(&[], "src/a.ts"));
        assert!(!in_scope(&["src/[z-a].ts"], "other.ts"));
    }
}
