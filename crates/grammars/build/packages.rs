//! Where Cargo keeps the sources of the crates that this one is built with.

use std::{
    collections::HashMap,
    env,
    error::Error,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// The folders of this crate's dependencies.
pub(crate) struct Packages(HashMap<String, PathBuf>);

impl Packages {
    /// Asks Cargo. What is not of the machine that builds is left out, so that nothing has to be downloaded for it.
    pub(crate) fn find() -> Result<Self, Box<dyn Error>> {
        let manifest = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
        let output = Command::new(env::var("CARGO")?)
            .args(["metadata", "--format-version=1", "--locked", "--filter-platform"])
            .arg(env::var("HOST")?)
            .arg("--manifest-path")
            .arg(&manifest)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("`cargo metadata` failed ({})", output.status).into());
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let packages = metadata["packages"].as_array().ok_or("`cargo metadata` names no packages")?;
        let nodes = metadata["resolve"]["nodes"].as_array().ok_or("`cargo metadata` resolves nothing")?;
        let own = packages
            .iter()
            .find(|package| package["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest))
            .ok_or("`cargo metadata` doesn't know this crate")?;
        let node = nodes.iter().find(|node| node["id"] == own["id"]).ok_or("this crate is not resolved")?;
        let dependencies = node["dependencies"].as_array().ok_or("this crate has no dependencies")?;
        let folders =
            packages.iter().filter(|package| dependencies.contains(&package["id"])).filter_map(|package| {
                let folder = Path::new(package["manifest_path"].as_str()?).parent()?;
                Some((package["name"].as_str()?.to_owned(), folder.to_owned()))
            });
        Ok(Self(folders.collect()))
    }

    /// The folder of one of them.
    pub(crate) fn folder(&self, package: &str) -> Result<&Path, String> {
        let folder = self.0.get(package).ok_or_else(|| format!("{package} is not among the dependencies"))?;
        Ok(folder)
    }
}
