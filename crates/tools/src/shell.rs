//! What a shell command would do to files, as far as its text shows: for a guard that stands before it.
//!
//! The command is parsed as Bash, never run. Seen are redirections, the common programs that change files, and the
//! ways of git to throw work away or move what others stand on. Not seen is what a program does by itself (`make`,
//! `node -e …`) and what only the shell knows (`$OUT`): then [`ShellEffects::opaque`] says so, and it is for a check
//! afterwards to find out.

mod program;

use tree_sitter::{Node, Parser};

use program::Program;

/// What a command would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShellEffects {
    /// Paths that it would create, change or remove, as written, with the folder of an earlier `cd` before them.
    pub writes: Vec<String>,
    /// Parts that discard or move work that is not the command's own, such as `git reset --hard`.
    pub destructive: Vec<String>,
    /// Whether it may change more than these.
    pub opaque: bool,
}

/// Commands are nested this deep at most (`bash -c "bash -c …"`): what lies deeper is opaque.
const MAX_DEPTH: u32 = 8;

/// Longer commands are opaque as a whole, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// What `command` would change if a shell ran it.
///
/// ```
/// let effects = orchestrator_tools::shell_effects("cd src && sed -i s/a/b/ a.ts > ../log; git stash");
/// assert_eq!(effects.writes, ["src/a.ts", "src/../log"]);
/// assert_eq!(effects.destructive, ["git stash"]);
/// ```
#[must_use]
pub fn shell_effects(command: &str) -> ShellEffects {
    let mut reader = Reader { effects: ShellEffects::default(), folder: Some(String::new()) };
    reader.read(command, 0);
    reader.effects
}

struct Reader {
    effects: ShellEffects,
    /// Where the command stands by now, relative to where it starts; `None` when that can't be told.
    folder: Option<String>,
}

impl Reader {
    fn read(&mut self, command: &str, depth: u32) {
        if depth > MAX_DEPTH || command.len() > MAX_BYTES {
            self.effects.opaque = true;
            return;
        }
        let mut parser = Parser::new();
        parser
            .set_language(&orchestrator_grammars::BASH.language())
            .expect("the grammar is of an ABI that this tree-sitter reads");
        let Some(tree) = parser.parse(command, None) else {
            self.effects.opaque = true;
            return;
        };
        self.effects.opaque |= tree.root_node().has_error();
        self.visit(tree.root_node(), command, depth);
    }

    fn visit(&mut self, node: Node<'_>, source: &str, depth: u32) {
        match node.kind() {
            "command" => self.command(node, source, depth),
            "file_redirect" => self.redirect(node, source),
            // What moves inside of parentheses has not moved outside of them.
            "subshell" | "command_substitution" | "process_substitution" => {
                let before = self.folder.clone();
                self.children(node, source, depth);
                self.folder = before;
            }
            _ => self.children(node, source, depth),
        }
    }

    fn children(&mut self, node: Node<'_>, source: &str, depth: u32) {
        let mut cursor = node.walk();
        let children: Vec<_> = node.named_children(&mut cursor).collect();
        for child in children {
            self.visit(child, source, depth);
        }
    }

    /// `> file`, `>> file`, `&> file`; not `< file` and `2>&1`.
    fn redirect(&mut self, node: Node<'_>, source: &str) {
        let mut cursor = node.walk();
        let writes =
            node.children(&mut cursor).any(|part| matches!(part.kind(), ">" | ">>" | "&>" | "&>>" | ">|"));
        let Some(target) = node.child_by_field_name("destination").filter(|_| writes) else { return };
        match word(target, source) {
            Some(path) => self.wrote(&path),
            None => self.effects.opaque = true,
        }
        self.children(node, source, 0);
    }

    fn command(&mut self, node: Node<'_>, source: &str, depth: u32) {
        // Substitutions in the arguments are commands of their own.
        self.children(node, source, depth);
        let Some(name) = node.child_by_field_name("name").and_then(|name| word(name, source)) else {
            self.effects.opaque |= node.child_by_field_name("name").is_some();
            return;
        };
        let mut cursor = node.walk();
        let arguments: Vec<_> = node
            .children_by_field_name("argument", &mut cursor)
            .map(|argument| word(argument, source))
            .collect();
        self.run(&name, &arguments, depth);
    }

    /// A program with its arguments, `None` where only the shell knows what one is.
    fn run(&mut self, name: &str, arguments: &[Option<String>], depth: u32) {
        // A program by its path is that program; a backslash only evades aliases.
        let name = name.rsplit('/').next().unwrap_or(name).trim_start_matches('\\');
        match Program::read(name, arguments) {
            Program::Moves(folder) => self.go(folder),
            Program::Shell(command) => match command {
                Some(command) => self.read(command, depth + 1),
                None => self.effects.opaque = true,
            },
            Program::Runs([Some(inner), rest @ ..]) => self.run(inner, rest, depth + 1),
            Program::Runs(rest) => self.effects.opaque |= !rest.is_empty(),
            Program::Writes(targets) => {
                for target in targets {
                    match target {
                        Some(path) => self.wrote(path),
                        None => self.effects.opaque = true,
                    }
                }
            }
            Program::Destroys => {
                let words: Vec<_> = arguments.iter().map(|word| word.as_deref().unwrap_or("…")).collect();
                self.effects.destructive.push(format!("{name} {}", words.join(" ")).trim_end().to_owned());
            }
            Program::Reads => {}
            Program::Unknown => self.effects.opaque = true,
        }
    }

    fn go(&mut self, folder: Option<&str>) {
        self.folder = folder.filter(|&path| path != "-").and_then(|path| self.place(path));
    }

    fn wrote(&mut self, path: &str) {
        if path.starts_with("/dev/") || path == "-" {
            return;
        }
        match self.place(path) {
            Some(path) if !self.effects.writes.contains(&path) => self.effects.writes.push(path),
            Some(_) => {}
            None => self.effects.opaque = true,
        }
    }

    /// A path as seen from where the command started.
    fn place(&self, path: &str) -> Option<String> {
        match self.folder.as_deref() {
            _ if is_absolute(path) => Some(path.to_owned()),
            Some("") => Some(path.to_owned()),
            Some(folder) => Some(format!("{}/{path}", folder.trim_end_matches('/'))),
            None => None,
        }
    }
}

fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.starts_with('/') || (bytes.len() > 1 && bytes[1] == b':' && bytes[0].is_ascii_alphabetic())
}

/// The text of a word without its quotes; `None` where the shell would put something in its place.
fn word(node: Node<'_>, source: &str) -> Option<String> {
    let text = &source[node.byte_range()];
    match node.kind() {
        "command_name" => word(node.named_child(0)?, source),
        "raw_string" => Some(text.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()),
        "string" => {
            let mut cursor = node.walk();
            let plain = node.named_children(&mut cursor).all(|part| part.kind() == "string_content");
            plain.then(|| unescaped(text.trim_matches('"'), &['"', '\\', '$', '`']))
        }
        "concatenation" => {
            let mut cursor = node.walk();
            node.named_children(&mut cursor).map(|part| word(part, source)).collect()
        }
        "word" | "number" => {
            let names_home = text.starts_with('~');
            let expands = text.contains(['*', '?', '{']);
            (!names_home && !expands).then(|| unescaped(text, &[]))
        }
        _ => None,
    }
}

/// Without backslashes before `special` characters, or before any where none are named.
fn unescaped(text: &str, special: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && (special.is_empty() || special.contains(next)) => {
                out.extend(chars.next());
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
