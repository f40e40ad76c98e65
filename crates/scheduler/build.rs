//! Declares the cfgs that the proofs are built with, so that a misspelt one is still a warning.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(loom)");
    println!("cargo::rustc-check-cfg=cfg(shuttle)");
    println!("cargo::rustc-check-cfg=cfg(tsan)");
    println!("cargo::rerun-if-changed=build.rs");
}
