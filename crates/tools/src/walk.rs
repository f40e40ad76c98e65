//! Which files there are to look at: ripgrep's own walk, with its rules for what is ignored.

use std::{
    fs,
    path::{MAIN_SEPARATOR, Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ignore::{
    DirEntry, WalkBuilder, WalkState,
    types::{FileTypeDef, Types, TypesBuilder},
};
use serde::Deserialize;

use crate::{
    error::{Error, ErrorKind},
    globs,
    patience::Patience,
    problem::{ProblemKind, Problems},
    progress::{Progress, add},
};

/// Which files are looked at. The default is ripgrep's: all that `.gitignore`, `.ignore`, `.rgignore`, the repository's
/// `info/exclude` and the user's global git excludes leave, without hidden ones and without following links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct FileOptions {
    /// Only files that one of these globs matches. A glob without a slash is matched in every folder, one with a slash
    /// from the root. As with ripgrep, what a glob matches is looked at even if it is ignored or hidden, and one that
    /// begins with `!` excludes.
    pub include: Vec<String>,
    /// No files and folders that one of these globs matches: they win over `include`.
    pub exclude: Vec<String>,
    /// Only files of these types, by ripgrep's names: `rust`, `ts`, `py`.
    pub types: Vec<String>,
    /// No files of these types.
    pub exclude_types: Vec<String>,
    /// Hidden files and folders too: those whose names begin with a dot.
    pub hidden: bool,
    /// What ignore files say doesn't count.
    pub no_ignore: bool,
    /// Symbolic links are followed, also out of the root. A link to a folder above itself is a problem, and passed over.
    pub follow: bool,
    /// How many levels of folders below the root are looked into; 1 is the files in the root.
    pub max_depth: Option<usize>,
    /// Larger files are left out, and counted.
    pub max_file_bytes: Option<u64>,
    /// Most threads at once, the caller's included where there is one only. None: as many as the machine has cores, 8 at
    /// most.
    pub threads: Option<usize>,
}

/// A walk that takes no longer is made on the caller's thread alone: starting others costs more than it saves.
pub(crate) const PROBE: Duration = Duration::from_millis(2);

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Quit,
}

/// Takes the files that one thread comes upon.
pub(crate) trait Visitor: Send {
    fn file(&mut self, entry: &DirEntry) -> Flow;
}

/// A walk that can be made several times.
pub(crate) struct Walk<'a> {
    root: &'a Path,
    builder: WalkBuilder,
    threads: usize,
}

impl<'a> Walk<'a> {
    /// # Errors
    /// [`ErrorKind::InvalidRoot`], [`ErrorKind::InvalidGlob`], [`ErrorKind::UnknownFileType`].
    pub(crate) fn new(root: &'a Path, options: &FileOptions) -> Result<Self, Error> {
        let folder = folder_of(root)?;
        let mut builder = WalkBuilder::new(root);
        builder
            .overrides(globs::overrides(&folder, &options.include, &options.exclude)?)
            .hidden(!options.hidden)
            .parents(!options.no_ignore)
            .ignore(!options.no_ignore)
            .git_ignore(!options.no_ignore)
            .git_global(!options.no_ignore)
            .git_exclude(!options.no_ignore)
            .follow_links(options.follow)
            .max_depth(options.max_depth)
            .current_dir(folder);
        if !options.no_ignore {
            builder.add_custom_ignore_filename(".rgignore");
        }
        if !options.types.is_empty() || !options.exclude_types.is_empty() {
            builder.types(types(options)?);
        }
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
        let threads = options.threads.unwrap_or_else(cores).max(1);
        Ok(Self { root, builder, threads })
    }

    pub(crate) fn root(&self) -> &Path {
        self.root
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Shows every file to one of the visitors: all on the caller's thread, or on as many others as there may be.
    pub(crate) fn run<V: Visitor>(&self, on: On<'_>, threads: usize, mut visitor: impl FnMut() -> V) {
        if threads == 1 {
            let mut visitor = visitor();
            for entry in self.builder.build() {
                if self.visit(on, entry, &mut visitor) == Flow::Quit {
                    return;
                }
            }
            return;
        }
        let mut builder = self.builder.clone();
        builder.threads(threads).build_parallel().run(|| {
            let mut visitor = visitor();
            Box::new(move |entry| match self.visit(on, entry, &mut visitor) {
                Flow::Continue => WalkState::Continue,
                Flow::Quit => WalkState::Quit,
            })
        });
    }

    fn visit<V: Visitor>(&self, on: On<'_>, entry: Result<DirEntry, ignore::Error>, visitor: &mut V) -> Flow {
        if on.is_over() {
            return Flow::Quit;
        }
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                on.problems.add_walk(self.root, self.root, &error);
                return Flow::Continue;
            }
        };
        add(&on.progress.entries, 1);
        if let Some(error) = entry.error() {
            on.problems.add_walk(self.root, entry.path(), error);
        }
        match entry.file_type() {
            Some(kind) if kind.is_file() => visitor.file(&entry),
            Some(kind) if kind.is_symlink() && entry.depth() == 0 && entry.path().is_file() => {
                visitor.file(&entry)
            }
            // A link that is not followed is no problem: it is as was asked for.
            Some(kind) if kind.is_dir() || kind.is_symlink() => Flow::Continue,
            _ => {
                let what = "a pipe, a socket or a device: it has no end that a search could come to";
                on.problems.add(self.root, entry.path(), ProblemKind::Special, what);
                Flow::Continue
            }
        }
    }
}

/// What a walk heeds and tells.
#[derive(Clone, Copy)]
pub(crate) struct On<'a> {
    pub(crate) patience: Patience<'a>,
    /// Set where patience ended the walk, or the reading of a file.
    pub(crate) ended: &'a AtomicBool,
    pub(crate) progress: &'a Progress,
    pub(crate) problems: &'a Problems,
}

impl On<'_> {
    pub(crate) fn is_over(&self) -> bool {
        let over = self.patience.is_over();
        if over {
            // Relaxed: read when the threads that set it have ended.
            self.ended.store(true, Ordering::Relaxed);
        }
        over
    }
}

/// A path as results name it: relative to the root, with `/`. What is no Unicode in it is shown as `\u{FFFD}`. The root
/// itself, where it is a file, is shown by its name.
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    let relative = match path.strip_prefix(root) {
        Ok(rest) if rest.as_os_str().is_empty() => path.file_name().map_or(path, Path::new),
        Ok(rest) => rest,
        Err(_) => path,
    };
    let text = relative.to_string_lossy();
    if MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(MAIN_SEPARATOR, "/") }
}

/// The folder that globs and ignore files are relative to.
fn folder_of(root: &Path) -> Result<PathBuf, Error> {
    let refused = |why: &str| {
        Error::new(ErrorKind::InvalidRoot, format!("{} can't be searched: {why}", root.display()))
    };
    let kind = fs::metadata(root).map_err(|error| refused(&error.to_string()))?.file_type();
    if kind.is_dir() {
        return Ok(root.to_owned());
    }
    if !kind.is_file() {
        return Err(refused("it is neither a folder nor a regular file"));
    }
    Ok(root.parent().map_or_else(PathBuf::new, Path::to_path_buf))
}

fn types(options: &FileOptions) -> Result<Types, Error> {
    let mut builder = TypesBuilder::new();
    builder.add_defaults();
    for name in options.types.iter().chain(&options.exclude_types) {
        let known = builder.definitions();
        if name != "all" && !known.iter().any(|definition| definition.name() == name) {
            return Err(unknown_type(name, &known));
        }
    }
    for name in &options.types {
        builder.select(name);
    }
    for name in &options.exclude_types {
        builder.negate(name);
    }
    builder.build().map_err(|error| {
        Error::new(ErrorKind::UnknownFileType, format!("the file types are refused: {error}"))
    })
}

fn unknown_type(name: &str, known: &[FileTypeDef]) -> Error {
    let nearest = known
        .iter()
        .map(|definition| (strsim::damerau_levenshtein(name, definition.name()), definition.name()))
        .min()
        .filter(|&(distance, _)| distance <= 2);
    let extension = format!("*.{name}");
    let of_extension =
        known.iter().find(|definition| definition.globs().contains(&extension)).map(FileTypeDef::name);
    let advice = match of_extension.or(nearest.map(|(_, name)| name)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("`include: [\"{extension}\"]` names files by their ending"),
    };
    Error::new(ErrorKind::UnknownFileType, format!("there is no file type `{name}`: {advice}"))
}
