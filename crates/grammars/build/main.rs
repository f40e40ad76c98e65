//! Takes the parse tables out of the grammars: they are four fifths of an addon with them, and a fifteenth compressed.
//!
//! The grammars' crates are linked into this script, for the machine that builds. Their tables are read there, compressed and
//! put beside the code. The sources of the grammars are compiled for the target, with the tables declared but empty;
//! the crate fills them when a language is first asked for.

mod list;
mod packages;
mod source;
mod tables;

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use list::{ALL, Original};
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec};
use packages::Packages;
use tables::Tables;

/// What a scanner's functions are called, after the name of its grammar.
const SCANNER: [&str; 5] = ["create", "destroy", "scan", "serialize", "deserialize"];

/// The best that deflate does.
const LEVEL: u8 = 9;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let packages = Packages::find()?;
    // The C compiler is a process of its own: this many at a time.
    let jobs = env::var("NUM_JOBS")?.parse::<usize>()?.clamp(1, ALL.len());
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), String> {
        while let Some(original) = ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            let folder = packages.folder(original.package)?.join(original.folder);
            build(original, &folder, &out).map_err(|error| format!("{}: {error}", original.package))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a panic has been reported"))
    })?;
    fs::write(out.join("grammars.rs"), declarations(&out)?)?;
    Ok(())
}

/// Packs the tables of a grammar, and compiles the rest of it.
fn build(original: &Original, folder: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let name = format!("grammar_{}", original.name);
    let tables = Tables::of(original.language);
    pack(tables.large, &out.join(format!("{name}_large")))?;
    pack(tables.small, &out.join(format!("{name}_small")))?;

    let source = fs::read_to_string(folder.join("parser.c"))?;
    let reduced = source::without_tables(&source, &name, tables.large.len(), tables.small.len())?;
    let parser = out.join(format!("{name}.c"));
    fs::write(&parser, reduced)?;
    let mut compiler = cc::Build::new();
    // Its names are ours: the grammar's own crate may be linked to the same program.
    compiler.define(original.symbol, name.as_str());
    for function in SCANNER {
        let theirs = format!("{}_external_scanner_{function}", original.symbol);
        compiler.define(&theirs, format!("{name}_{function}").as_str());
    }
    compiler
        .define("TREE_SITTER_HIDE_SYMBOLS", None)
        .include(folder)
        .file(&parser)
        .std("c11")
        .warnings(false);
    if env::var("CARGO_CFG_TARGET_ENV")? == "msvc" {
        compiler.flag("-utf-8");
    }
    let scanner = folder.join("scanner.c");
    if scanner.exists() {
        compiler.file(&scanner);
    }
    compiler.cargo_metadata(true).try_compile(&name)?;
    Ok(())
}

/// Writes a table as bytes, little end first, and the same compressed beside it.
fn pack(table: &[u16], path: &Path) -> Result<(), Box<dyn Error>> {
    let bytes: Vec<u8> = table.iter().flat_map(|entry| entry.to_le_bytes()).collect();
    let packed = compress_to_vec(&bytes, LEVEL);
    let unpacked = decompress_to_vec(&packed).map_err(|error| format!("a table doesn't unpack: {error}"))?;
    assert!(unpacked == bytes, "a table came back different");
    fs::write(path.with_extension("table"), bytes)?;
    fs::write(path.with_extension("deflate"), packed)?;
    Ok(())
}

/// The Rust side: a static for each grammar, and all of them.
fn declarations(out: &Path) -> Result<String, Box<dyn Error>> {
    let mut functions = String::new();
    let mut statics = String::new();
    let mut all = String::new();
    for Original { name, title, .. } in ALL {
        let constant = name.to_uppercase();
        writeln!(functions, "    fn grammar_{name}() -> *const ();")?;
        let mut fields = String::new();
        for table in ["large", "small"] {
            let file = format!("grammar_{name}_{table}");
            let length = fs::metadata(out.join(format!("{file}.table")))?.len() / 2;
            writeln!(functions, "    fn {file}() -> *mut u16;")?;
            writeln!(
                fields,
                "        {table}: Table {{ packed: include_bytes!(\"{file}.deflate\"), place: {file}, length: {length} }},"
            )?;
        }
        writeln!(
            statics,
            "/// {title}.\npub static {constant}: Grammar = Grammar {{\n        name: \"{name}\",\n        \
             symbol: grammar_{name},\n{fields}        filled: Once::new(),\n}};"
        )?;
        writeln!(all, "    &{constant},")?;
    }
    Ok(format!(
        "unsafe extern \"C\" {{\n{functions}}}\n\n{statics}\n/// Every grammar of this crate.\n\
         pub static ALL: [&Grammar; {}] = [\n{all}];\n",
        ALL.len()
    ))
}
