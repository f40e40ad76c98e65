//! Declares the `loom` cfg, so that a misspelt cfg is still a warning.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(loom)");
    println!("cargo::rerun-if-changed=build.rs");
}
