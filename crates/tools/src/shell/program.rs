//! The programs whose work can be told from their arguments.

/// A word of a command line, `None` where only the shell knows what it is.
type Word = Option<String>;

/// What a program with these arguments does.
pub(super) enum Program<'a> {
    /// `cd`: to a folder, `None` where it can't be told.
    Moves(Option<&'a str>),
    /// `sh -c`: reads its own command line.
    Shell(Option<&'a str>),
    /// `sudo` and the like: runs the rest.
    Runs(&'a [Word]),
    /// Changes these files.
    Writes(Vec<Option<&'a str>>),
    /// Throws away or moves work that is not its own.
    Destroys,
    /// Changes no files.
    Reads,
    /// Can't be told.
    Unknown,
}

impl<'a> Program<'a> {
    pub(super) fn read(name: &str, arguments: &'a [Word]) -> Self {
        match name {
            "cd" | "pushd" => Self::Moves(arguments.first().and_then(Option::as_deref)),
            "popd" => Self::Moves(None),
            "bash" | "sh" | "zsh" | "dash" | "ksh" => Self::shell(arguments),
            "eval" => Self::Shell(match arguments {
                [Some(command)] => Some(command),
                _ => None,
            }),
            "sudo" | "doas" | "env" | "nohup" | "time" | "command" | "exec" | "nice" | "stdbuf"
            | "timeout" | "xargs" => Self::Runs(after_options(name, arguments)),
            "rm" | "rmdir" | "unlink" | "shred" | "touch" | "mkdir" | "truncate" | "tee" | "mv" => {
                Self::Writes(operands(arguments).collect())
            }
            "cp" | "install" | "ln" | "rsync" | "scp" => Self::Writes(target(arguments)),
            "chmod" | "chown" | "chgrp" => Self::Writes(operands(arguments).skip(1).collect()),
            "sed" | "perl" if edits_in_place(arguments) => Self::Writes(edited(arguments)),
            "perl" => Self::Unknown,
            "dd" => Self::Writes(
                arguments.iter().flatten().filter_map(|word| word.strip_prefix("of=")).map(Some).collect(),
            ),
            "patch" | "find" if arguments.iter().flatten().any(|word| acts(name, word)) => Self::Unknown,
            "git" => Self::git(arguments),
            _ if READERS.contains(&name) => Self::Reads,
            _ => Self::Unknown,
        }
    }

    fn shell(arguments: &'a [Word]) -> Self {
        let at = arguments.iter().position(|word| {
            word.as_deref()
                .is_some_and(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))
        });
        match at {
            Some(at) => Self::Shell(arguments.get(at + 1).and_then(Option::as_deref)),
            None => Self::Unknown,
        }
    }

    fn git(arguments: &'a [Word]) -> Self {
        let mut rest = arguments;
        while let [Some(option), after @ ..] = rest
            && option.starts_with('-')
        {
            rest = if matches!(option.as_str(), "-C" | "-c" | "--git-dir" | "--work-tree") {
                after.get(1..).unwrap_or(&[])
            } else {
                after
            };
        }
        let [Some(verb), rest @ ..] = rest else { return Self::Reads };
        let has = |wanted: &[&str]| rest.iter().flatten().any(|word| wanted.contains(&word.as_str()));
        match verb.as_str() {
            "checkout" | "restore" | "switch" | "reset" | "clean" | "rebase" | "merge" | "cherry-pick"
            | "revert" | "am" | "pull" | "commit" | "push" | "update-ref" | "filter-branch" | "gc" => {
                Self::Destroys
            }
            "stash" if !has(&["list", "show"]) => Self::Destroys,
            "branch" if has(&["-d", "-D", "--delete", "-f", "--force", "-m", "-M"]) => Self::Destroys,
            "tag" if has(&["-d", "--delete", "-f", "--force"]) => Self::Destroys,
            "worktree" if has(&["remove", "prune", "move"]) => Self::Destroys,
            "rm" | "mv" => Self::Writes(operands(rest).collect()),
            "apply" => Self::Unknown,
            _ => Self::Reads,
        }
    }
}

/// Programs that change no files of a project by themselves.
const READERS: &[&str] = &[
    ":",
    "[",
    "alias",
    "awk",
    "basename",
    "cat",
    "cmp",
    "comm",
    "cut",
    "date",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "egrep",
    "exit",
    "export",
    "false",
    "fgrep",
    "file",
    "find",
    "fold",
    "grep",
    "head",
    "hexdump",
    "id",
    "jq",
    "less",
    "ls",
    "md5sum",
    "nl",
    "nproc",
    "od",
    "paste",
    "printenv",
    "printf",
    "ps",
    "pwd",
    "read",
    "readlink",
    "realpath",
    "return",
    "rg",
    "sed",
    "seq",
    "set",
    "sha256sum",
    "shift",
    "sleep",
    "sort",
    "stat",
    "tail",
    "test",
    "tr",
    "tree",
    "true",
    "type",
    "uname",
    "uniq",
    "unset",
    "wait",
    "wc",
    "which",
    "whoami",
    "yes",
];

fn is_option(word: &Word) -> bool {
    word.as_deref().is_some_and(|word| word.len() > 1 && word.starts_with('-'))
}

/// The arguments that are no options; after `--` all are operands.
fn operands(arguments: &[Word]) -> impl Iterator<Item = Option<&str>> {
    let mut options = true;
    arguments
        .iter()
        .filter(move |word| {
            if options && word.as_deref() == Some("--") {
                options = false;
                return false;
            }
            !options || !is_option(word)
        })
        .map(Option::as_deref)
}

/// Where copies go: the folder of `-t`, else the last operand.
fn target(arguments: &[Word]) -> Vec<Option<&str>> {
    let named = arguments.iter().enumerate().find_map(|(at, word)| match word.as_deref()? {
        "-t" | "--target-directory" => arguments.get(at + 1).map(Option::as_deref),
        word => word.strip_prefix("--target-directory=").map(Some),
    });
    named.or_else(|| operands(arguments).last()).into_iter().collect()
}

/// `-i`, `-i.bak`, `-pi`, `--in-place`.
fn edits_in_place(arguments: &[Word]) -> bool {
    arguments.iter().flatten().any(|word| {
        word.starts_with("--in-place")
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('i'))
    })
}

/// The files of a `sed -i`: the first operand is the script, unless `-e` or `-f` gave one.
fn edited(arguments: &[Word]) -> Vec<Option<&str>> {
    let mut files = Vec::new();
    let mut script_given = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_deref() {
            Some(option) if option.len() > 1 && option.starts_with('-') => {
                if matches!(option, "-e" | "-f" | "--expression" | "--file") || takes_script(option) {
                    words.next();
                    script_given = true;
                }
            }
            // What macOS's sed wants after `-i`.
            Some("") => {}
            file => files.push(file),
        }
    }
    if !script_given && !files.is_empty() {
        files.remove(0);
    }
    files
}

/// Letters together, such as `-pie`: the last takes what follows.
fn takes_script(option: &str) -> bool {
    !option.starts_with("--") && !option.contains('.') && option.len() > 2 && option.ends_with('e')
}

/// Whether a program that mostly reads is told to do something.
fn acts(name: &str, word: &str) -> bool {
    name == "patch" || matches!(word, "-delete" | "-exec" | "-execdir" | "-ok" | "-fprint")
}

/// The command that a wrapper runs: what follows its own options and settings.
fn after_options<'a>(name: &str, arguments: &'a [Word]) -> &'a [Word] {
    let mut rest = arguments;
    while let [Some(word), after @ ..] = rest {
        let setting = name == "env" && word.contains('=');
        let duration = name == "timeout" && word.starts_with(|c: char| c.is_ascii_digit());
        if !(word.starts_with('-') || setting || duration) {
            break;
        }
        rest = if takes_value(name, word) { after.get(1..).unwrap_or(&[]) } else { after };
    }
    rest
}

fn takes_value(name: &str, option: &str) -> bool {
    match name {
        "sudo" | "doas" => matches!(option, "-u" | "-g" | "-C"),
        "env" => matches!(option, "-u" | "-C" | "-S"),
        "nice" => option == "-n",
        "xargs" => matches!(option, "-I" | "-n" | "-P" | "-L" | "-d" | "-a" | "-s"),
        "timeout" => matches!(option, "-s" | "-k"),
        _ => false,
    }
}
