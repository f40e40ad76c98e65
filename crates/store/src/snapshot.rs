//! The documents as they were at one version.

use std::ops::Bound;
use std::sync::Arc;

use crate::document::{Document, Version};
use crate::history::Pin;
use crate::view::View;

/// All documents at one version, held in memory: reads take no lock, do no I/O and can't fail. Cheap to
/// clone and to keep; what later commits do not touch is shared with their snapshots.
#[derive(Clone, Debug)]
pub struct Snapshot {
    view: Arc<View>,
    /// Keeps the history from this version on from being collected; only a snapshot of the past has one.
    _pin: Option<Arc<Pin>>,
}

impl Snapshot {
    pub(crate) fn latest(view: Arc<View>) -> Self {
        Self { view, _pin: None }
    }

    pub(crate) fn past(view: Arc<View>, pin: Pin) -> Self {
        Self { view, _pin: Some(Arc::new(pin)) }
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The last commit that this snapshot contains.
    #[must_use]
    pub fn version(&self) -> Version {
        self.view.version
    }

    /// The document of that key, if there was one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Document> {
        self.view.documents.get(key)
    }

    /// The documents whose keys start with `prefix`, in the byte order of their keys; all for `""`.
    pub fn scan<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Document)> + 'a {
        self.scan_shared(prefix).map(|(key, document)| (&**key, document))
    }

    pub(crate) fn scan_shared<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Document)> + 'a {
        self.view
            .documents
            .range::<_, str>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// How many documents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.view.documents.len()
    }

    /// Are there no documents?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.view.documents.is_empty()
    }
}
