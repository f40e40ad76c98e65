//! What each language costs: `cargo run --release -p orchestrator-grammars --example sizes`.
//!
//! Kilobytes of 1000 bytes: its tables packed and unpacked; the rest of it (lexer, names, smaller tables, scanner), from the object
//! files that were linked; and the milliseconds that its first use takes.

use std::{error::Error, fs, path::Path, time::Instant};

use object::{Object as _, ObjectSection as _, SectionKind, read::archive::ArchiveFile};
use orchestrator_grammars::ALL;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "{:12} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "language", "in all", "tables", "rest", "unpacked", "first use"
    );
    let mut rows = Vec::new();
    for grammar in ALL {
        let start = Instant::now();
        let _ = grammar.language();
        let first_use = start.elapsed().as_secs_f64() * 1e3;
        rows.push((
            grammar.name(),
            grammar.packed_bytes(),
            rest(grammar.name())?,
            grammar.unpacked_bytes(),
            first_use,
        ));
    }
    rows.sort_by_key(|&(_, packed, rest, ..)| std::cmp::Reverse(packed + rest));
    let sum = |of: fn(&(&str, usize, usize, usize, f64)) -> usize| rows.iter().map(of).sum::<usize>();
    let all =
        ("all", sum(|row| row.1), sum(|row| row.2), sum(|row| row.3), rows.iter().map(|row| row.4).sum());
    for (name, packed, rest, unpacked, first_use) in rows.into_iter().chain([all]) {
        let [total, packed, rest, unpacked] = [packed + rest, packed, rest, unpacked].map(kilobytes);
        println!("{name:12} {total:>8} {packed:>8} {rest:>8} {unpacked:>9} {first_use:>6.2} ms");
    }
    Ok(())
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{}", bytes / 1000, bytes % 1000 / 100)
}

/// Bytes of the sections that are loaded from the file; those of the tables are empty in it.
fn rest(name: &str) -> Result<usize, Box<dyn Error>> {
    let (before, after) = if cfg!(target_env = "msvc") { ("", ".lib") } else { ("lib", ".a") };
    let bytes = fs::read(Path::new(env!("OUT_DIR")).join(format!("{before}grammar_{name}{after}")))?;
    let archive = ArchiveFile::parse(&*bytes)?;
    let mut total = 0;
    for member in archive.members() {
        let object = object::File::parse(member?.data(&*bytes)?)?;
        let loaded = object.sections().filter(|section| {
            matches!(
                section.kind(),
                SectionKind::Text
                    | SectionKind::Data
                    | SectionKind::ReadOnlyData
                    | SectionKind::ReadOnlyDataWithRel
                    | SectionKind::ReadOnlyString
            )
        });
        total += loaded.map(|section| section.size()).sum::<u64>();
    }
    Ok(usize::try_from(total)?)
}
