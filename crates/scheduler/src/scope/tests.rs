use globset::GlobBuilder;
use proptest::prelude::*;

use super::*;

fn overlap(a: &str, b: &str) -> bool {
    let one = |glob: &str| patterns(&[glob.to_owned()]);
    let meets = |a: &str, b: &str| one(a).iter().any(|a| one(b).iter().any(|b| meet(a, b)));
    assert_eq!(meets(a, b), meets(b, a), "the answer depends on the order");
    meets(a, b)
}

#[test]
fn scopes_that_share_a_file_overlap() {
    for (a, b) in [
        ("src/a.ts", "src/a.ts"),
        ("src/**", "src/auth/jwt.ts"),
        ("src/*.ts", "src/a*"),
        ("**/*.rs", "crates/store/src/lib.rs"),
        ("src/{auth,audit}/**", "src/audit/log.ts"),
        ("**", "README.md"),
        ("src/?at.ts", "src/c*"),
        ("a/**/z", "a/z"),
        ("a/*b*/c", "a/xbx/*"),
    ] {
        assert!(overlap(a, b), "{a} and {b}");
    }
}

#[test]
fn scopes_that_share_none_do_not() {
    for (a, b) in [
        ("src/a.ts", "src/b.ts"),
        ("src/auth/**", "src/audit/**"),
        ("src/*.ts", "src/*.rs"),
        ("src/*.ts", "src/auth/jwt.ts"),
        ("src/{auth,audit}/**", "src/main.ts"),
        ("a/**/z", "b/**/z"),
        ("src/??.ts", "src/abc.ts"),
        ("docs/*.md", "README.md"),
    ] {
        assert!(!overlap(a, b), "{a} and {b}");
    }
}

#[test]
fn a_folder_covers_what_is_in_it() {
    assert!(overlap("src/auth", "src/auth/jwt.ts"));
    assert!(overlap("src/auth/", "src/auth/deep/er.ts"));
    assert!(overlap("./src", "src/a.ts"));
    assert!(overlap(".", "anything/at/all"));
    assert!(!overlap("src/auth", "src/authors.ts"));
}

#[test]
fn what_is_unsure_counts_as_overlap() {
    assert!(overlap("Src/A.ts", "src/a.ts"), "of either case");
    assert!(overlap("app/[id]/page.tsx", "app/[slug]/page.tsx"), "a class or a literal name");
    assert!(overlap("app/[id]/page.tsx", "app/x/page.tsx"));
    assert!(overlap("[{]/a,b/[}]", "{/a,b/}"), "syntax hidden in a class");
    let wide = "{a,b,c,d,e,f,g,h,i}{a,b,c,d,e,f,g,h,i}";
    assert!(overlap(wide, "zz"), "too many alternatives");
}

#[test]
fn a_bad_glob_is_refused_with_what_to_do() {
    for (glob, message) in [
        ("", "an empty pattern"),
        ("/etc/passwd", "is absolute; give it relative to the project"),
        ("C:/x", "is absolute"),
        ("~/x", "is absolute"),
        ("src\\a.ts", "write \"/\" between folders"),
        ("a/../../b", "leaves the project by \"..\""),
        ("{a,..}/b", "leaves the project"),
        ("!src/a", "a scope only lists what may change"),
        ("src/[", "is not a glob"),
        ("src/{a", "is not a glob"),
    ] {
        let problem = check_glob(glob).unwrap_err();
        assert!(problem.contains(message), "{glob}: {problem}");
    }
    for glob in ["a..b", "src/...", "app/[id]/page.tsx", "a/{b,c}/**/*.ts", ".github/**"] {
        check_glob(glob).unwrap();
    }
}

/// Every path of one to three segments over a small alphabet.
fn paths() -> Vec<String> {
    let names = ["a", "b", "ab", "ba", "aab", "a.b"];
    let mut all: Vec<String> = Vec::new();
    let mut layer = vec![String::new()];
    for _ in 0..3 {
        layer =
            layer
                .iter()
                .flat_map(|base| {
                    names.iter().map(move |name| {
                        if base.is_empty() { (*name).to_owned() } else { format!("{base}/{name}") }
                    })
                })
                .collect();
        all.extend(layer.iter().cloned());
    }
    all
}

/// The paths that a pattern covers, by globset's word rather than by ours: those that match, and where its last
/// segment is a plain name, those under a folder that matches.
fn covered(glob: &str, paths: &[String]) -> Vec<bool> {
    let matcher = GlobBuilder::new(glob).literal_separator(true).build().unwrap().compile_matcher();
    let last = glob.rsplit('/').next().unwrap_or_default();
    let plain = !last.contains(['*', '?', '[', '{', '}']);
    let folders = |path: &str| path.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
    let under = |path: &str| folders(path).into_iter().any(|at| matcher.is_match(&path[..at]));
    paths.iter().map(|path| matcher.is_match(path) || (plain && under(path))).collect()
}

fn segment_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab*?]{1,4}",
        2 => Just("**".to_owned()),
        2 => "[ab.]{1,3}".prop_filter("no dots alone", |s| s != "." && s != ".." && s != "..."),
        1 => Just("[ab]".to_owned()),
        1 => Just("a[!a]*".to_owned()),
        1 => "\\{[ab]{1,2},[ab*]{0,2}\\}[ab]?",
        1 => Just("{a/b,b}".to_owned()),
    ]
}

fn glob_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(segment_text(), 1..4).prop_map(|segments| segments.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn two_globs_that_share_a_path_overlap(a in glob_text(), b in glob_text()) {
        prop_assume!(check_glob(&a).is_ok() && check_glob(&b).is_ok());
        let paths = paths();
        let (in_a, in_b) = (covered(&a, &paths), covered(&b, &paths));
        let shared = paths.iter().zip(in_a.iter().zip(&in_b)).find(|(_, (a, b))| **a && **b);
        if let Some((path, _)) = shared {
            prop_assert!(overlap(&a, &b), "{} and {} both cover {}", a, b, path);
        }
    }

    #[test]
    fn a_known_scope_overlaps_itself(glob in glob_text()) {
        prop_assume!(check_glob(&glob).is_ok());
        prop_assert!(overlap(&glob, &glob));
    }
}
