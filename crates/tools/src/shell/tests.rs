use super::shell_effects;

/// What a command writes, `!` before what it destroys and `?` where there may be more.
fn seen(command: &str) -> Vec<String> {
    let effects = shell_effects(command);
    let destroyed = effects.destructive.iter().map(|part| format!("!{part}"));
    effects.writes.iter().cloned().chain(destroyed).chain(effects.opaque.then(|| "?".to_owned())).collect()
}

#[test]
fn what_a_command_changes_is_read_from_its_text() {
    for (command, expected) in [
        ("ls -la && cat a.txt | grep x", &[][..]),
        ("echo hi > out.txt", &["out.txt"]),
        ("echo hi >> out.txt 2>&1", &["out.txt"]),
        ("sort < in.txt > /dev/null", &[]),
        ("cat <<'EOF' > 'a b.ts'\nrm -rf src\nEOF", &["a b.ts"]),
        ("rm -rf -- dist -odd", &["dist", "-odd"]),
        ("mv a.ts b.ts", &["a.ts", "b.ts"]),
        ("cp -r a b c target/", &["target/"]),
        ("cp -t target a b", &["target"]),
        ("touch a && mkdir -p x/y", &["a", "x/y"]),
        ("echo x | tee -a log.txt", &["log.txt"]),
        ("sed -i 's/a/b/' a.ts b.ts", &["a.ts", "b.ts"]),
        ("sed -i.bak -e 's/a/b/' a.ts", &["a.ts"]),
        ("sed -i '' s/a/b/ a.ts", &["a.ts"]),
        ("perl -pi -e 's/a/b/' a.ts", &["a.ts"]),
        ("sed -n 1,5p a.ts", &[]),
        ("dd if=a of=b.bin", &["b.bin"]),
        ("chmod +x run.sh", &["run.sh"]),
        ("cd src && echo x > a.ts", &["src/a.ts"]),
        ("cd src; cd ..; touch a", &["src/../a"]),
        ("(cd src && touch a); touch b", &["src/a", "b"]),
        ("cd \"$X\" && touch a", &["?"]),
        ("echo x > \"$OUT\"", &["?"]),
        ("rm *.ts", &["?"]),
        ("rm ~/a", &["?"]),
        ("bash -c 'echo x > a'", &["a"]),
        ("bash -lc \"cd src && rm a\"", &["src/a"]),
        ("sudo -u me rm a", &["a"]),
        ("env A=1 timeout 5 touch a", &["a"]),
        ("FOO=1 touch a", &["a"]),
        ("/bin/rm a", &["a"]),
        ("\\rm a", &["a"]),
        ("for f in a b; do rm \"$f\"; done", &["?"]),
        ("if true; then touch a; else touch b; fi", &["a", "b"]),
        ("echo $(touch a)", &["a"]),
        ("find . -name x -delete", &["?"]),
        ("find . -name x", &[]),
        ("npm test", &["?"]),
        ("$CMD a", &["?"]),
        ("echo 'rm -rf /'", &[]),
        ("echo x > C:/a.ts", &["C:/a.ts"]),
    ] {
        assert_eq!(seen(command), expected, "{command}");
    }
}

#[test]
fn git_commands_that_throw_work_away_are_named() {
    for (command, expected) in [
        ("git status && git diff && git log -1", &[][..]),
        ("git add a.ts", &[]),
        ("git stash list", &[]),
        ("git reset --hard HEAD~1", &["!git reset --hard HEAD~1"]),
        ("git -C sub checkout -- .", &["!git -C sub checkout -- ."]),
        ("git stash", &["!git stash"]),
        ("git clean -fdx", &["!git clean -fdx"]),
        ("git commit -am 'x y'", &["!git commit -am x y"]),
        ("git branch -D a", &["!git branch -D a"]),
        ("git branch", &[]),
        ("git rm a.ts", &["a.ts"]),
        ("cd x && git push --force", &["!git push --force"]),
    ] {
        assert_eq!(seen(command), expected, "{command}");
    }
}

#[test]
fn what_is_no_bash_or_too_much_of_it_is_opaque() {
    assert!(shell_effects("if then (").opaque);
    assert!(shell_effects(&"a;".repeat(200_000)).opaque);
    let nested = (0..12).fold("touch a".to_owned(), |inner, _| format!("eval {}", quoted(&inner)));
    assert!(shell_effects(&nested).opaque);
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
