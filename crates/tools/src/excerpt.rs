//! From a byte's place to a line, a column and the piece of the line that people see.

/// Most characters of an excerpt.
const MAX_CHARS: usize = 120;

/// The lines of a text: where each begins.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The 1-based line and column of a byte; the column counts characters (code points).
    pub(crate) fn place(&self, byte: usize) -> (u32, u32) {
        let line = self.index(byte);
        let start = self.starts[line];
        let column = self.text.get(start..byte).map_or(0, |before| before.chars().count());
        (number(line + 1), number(column + 1))
    }

    /// The byte at a 1-based line and a 1-based column that counts bytes; the nearest one that exists.
    pub(crate) fn byte(&self, line: usize, column: usize) -> usize {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let mut byte = (start + column.saturating_sub(1)).min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }

    /// The line that holds the byte, without its end.
    pub(crate) fn line(&self, byte: usize) -> &'a str {
        let line = self.index(byte);
        let end = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        self.text[self.starts[line]..end].trim_end_matches('\r')
    }

    /// The byte itself where anything follows it; else the end of what comes before it.
    pub(crate) fn last_text(&self, byte: usize) -> usize {
        if self.text[byte..].trim().is_empty() { self.text[..byte].trim_end().len() } else { byte }
    }

    /// The line around the byte, trimmed, at most [`MAX_CHARS`] characters.
    pub(crate) fn excerpt(&self, byte: usize) -> String {
        let line = self.line(byte);
        let trimmed = line.trim();
        if trimmed.chars().count() <= MAX_CHARS {
            return trimmed.to_owned();
        }
        let indent = line.len() - line.trim_start().len();
        let at = byte - self.starts[self.index(byte)];
        let column = trimmed.get(..at.saturating_sub(indent)).map_or(0, |before| before.chars().count());
        // A third of the window before the place, so that what follows it can be seen.
        let from = column.saturating_sub(MAX_CHARS / 3);
        let mut window: String = trimmed.chars().skip(from).take(MAX_CHARS - 2).collect();
        if from > 0 {
            window.insert(0, '…');
        }
        if trimmed.chars().count() > from + MAX_CHARS - 2 {
            window.push('…');
        }
        window
    }

    fn index(&self, byte: usize) -> usize {
        self.starts.partition_point(|&start| start <= byte) - 1
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_end_before_a_carriage_return() {
        let lines = Lines::new("ä = 1\r\n\u{1F600}x\n");
        assert_eq!(lines.place(3), (1, 3));
        assert_eq!(lines.line(3), "ä = 1");
        assert_eq!(lines.place("ä = 1\r\n\u{1F600}".len()), (2, 2));
        assert_eq!(lines.place("ä = 1\r\n\u{1F600}x\n".len()), (3, 1));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("  {}HERE{}", "a".repeat(500), "b".repeat(500));
        let excerpt = Lines::new(&text).excerpt(502);
        assert_eq!(excerpt.chars().count(), MAX_CHARS);
        assert!(excerpt.starts_with('…') && excerpt.ends_with('…') && excerpt.contains("HERE"), "{excerpt}");
    }

    #[test]
    fn a_byte_after_the_end_is_on_the_last_line() {
        assert_eq!(Lines::new("").place(0), (1, 1));
        assert_eq!(Lines::new("a\nb").place(99).0, 2);
    }
}
