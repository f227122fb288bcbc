//! Overlay: the page of a kind of finding, as `ecsight explain` prints it.

use crate::app::document::{Document, Line, dim, plain, strong};
use crate::diagnose::catalogue::Entry;

/// The page.
pub fn document(entry: &Entry, width: usize) -> Document {
    let mut document = Document::default();
    document.push(dim(entry.id));
    let sections =
        [("What it means", entry.meaning), ("How it is decided", entry.decided), ("How to fix it", entry.fix)];
    for (heading, text) in sections.into_iter().filter(|(_, text)| !text.trim().is_empty()) {
        document.push(Line::default());
        document.push(strong(heading));
        for (index, paragraph) in text.split("\n\n").enumerate() {
            if index > 0 {
                document.push(Line::default());
            }
            let words: Vec<&str> = paragraph.split_whitespace().collect();
            document.paragraph(&[plain(words.join(" "))], width);
        }
    }
    if !entry.sources.is_empty() {
        document.push(Line::default());
        document.push(strong("Sources"));
        for source in entry.sources {
            document.paragraph(&[dim(source)], width);
        }
    }
    document
}
