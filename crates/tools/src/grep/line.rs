//! A line as a result shows it: as text, and cut where it is long.

use std::ops::Range;

use serde::Serialize;

/// How many bytes of a long line are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Before the text.
    pub before: usize,
    /// After the text.
    pub after: usize,
}

/// A piece of a file as text. Bytes that are no UTF-8 are shown as U+FFFD.
pub(crate) struct Shown<'a> {
    /// The bytes that the text was made of.
    bytes: &'a [u8],
    pub(crate) text: String,
    pub(crate) cut: Option<Cut>,
    /// The pieces that are UTF-8, in order.
    pieces: Vec<Piece>,
}

/// Where a piece begins among the bytes and in the text, and its length in both.
struct Piece {
    byte: usize,
    place: usize,
    length: usize,
}

impl<'a> Shown<'a> {
    /// Shows at most about `max` bytes; of a longer piece those around `place`, without the line's end.
    pub(crate) fn new(bytes: &'a [u8], place: usize, max: usize) -> Self {
        let whole = without_end(bytes);
        let window = window(whole, place.min(whole.len()), max);
        Self::window(whole, window)
    }

    /// Shows at most about `max` bytes; of a longer piece the first. The line's end is shown too.
    pub(crate) fn raw(bytes: &'a [u8], max: usize) -> Self {
        Self::window(bytes, window(bytes, 0, max))
    }

    fn window(whole: &'a [u8], window: Range<usize>) -> Self {
        let cut = (window.len() < whole.len())
            .then(|| Cut { before: window.start, after: whole.len() - window.end });
        let bytes = &whole[window];
        let (mut text, mut pieces, mut byte) = (String::with_capacity(bytes.len()), Vec::new(), 0);
        for chunk in bytes.utf8_chunks() {
            pieces.push(Piece { byte, place: text.len(), length: chunk.valid().len() });
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
            byte += chunk.valid().len() + chunk.invalid().len();
        }
        Self { bytes, text, cut, pieces }
    }

    /// Where a range of the piece's bytes is in the text: nothing where that part is cut off. What reaches over the
    /// line's end, which is not shown, ends with the text.
    pub(crate) fn range(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let Cut { before, after } = self.cut.unwrap_or(Cut { before: 0, after: 0 });
        let length = self.bytes.len();
        if range.start < before || (after > 0 && range.start >= before + length) {
            return None;
        }
        Some(self.place((range.start - before).min(length))..self.place((range.end - before).min(length)))
    }

    /// The text's place for one of the bytes. An empty match may be inside a character, and one of bytes in the middle
    /// of what is shown as one: their place is the character's.
    fn place(&self, byte: usize) -> usize {
        let Some(piece) = self.pieces[..self.pieces.partition_point(|piece| piece.byte <= byte)].last()
        else {
            return 0;
        };
        let mut place = match byte - piece.byte {
            within if within <= piece.length => piece.place + within,
            _ if byte == self.bytes.len() => self.text.len(),
            _ => piece.place + piece.length,
        };
        while !self.text.is_char_boundary(place) {
            place -= 1;
        }
        place
    }
}

/// Without the line's end. A match may go over it: what is shown does not.
fn without_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn window(bytes: &[u8], place: usize, max: usize) -> Range<usize> {
    if bytes.len() <= max {
        return 0..bytes.len();
    }
    // A third before the place, so that what follows it can be seen.
    let start = place.saturating_sub(max / 3).min(bytes.len() - max);
    let end = start + max;
    // Whole characters only: at most three bytes to either side continue one.
    let inside = |at: usize| at < bytes.len() && bytes[at] & 0b1100_0000 == 0b1000_0000;
    let start = (start.saturating_sub(3)..=start).rev().find(|&at| !inside(at)).unwrap_or(start);
    let end = (end.saturating_sub(3)..=end).rev().find(|&at| !inside(at)).unwrap_or(end);
    start..end.max(start)
}

/// The 1-based column of a byte of a line; counts characters.
pub(crate) fn column(line: &[u8], byte: usize) -> u64 {
    let before = line[..byte.min(line.len())].iter().filter(|&&byte| byte & 0b1100_0000 != 0b1000_0000);
    before.count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_shown_whole_without_its_end() {
        let shown = Shown::new("tür auf\r\n".as_bytes(), 0, 100);
        assert_eq!((shown.text.as_str(), shown.cut), ("tür auf", None));
        assert_eq!(shown.range(&(5..10)), Some(5..8));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place_between_characters() {
        let line = format!("{}HERE{}", "ä".repeat(1_000), "ö".repeat(1_000));
        let shown = Shown::new(line.as_bytes(), 2_000, 100);
        let cut = shown.cut.unwrap();
        assert_eq!(cut.before + shown.text.len() + cut.after, line.len());
        assert!(shown.text.len() <= 103, "{}", shown.text.len());
        assert!(!shown.text.contains('\u{FFFD}'));
        assert_eq!(&shown.text[shown.range(&(2_000..2_004)).unwrap()], "HERE");
        assert_eq!(shown.range(&(0..2)), None);
        assert_eq!(shown.range(&(3_900..3_902)), None);
    }

    #[test]
    fn a_raw_line_keeps_its_end_and_is_cut_behind() {
        assert_eq!(Shown::raw(b"to be\r\n", 100).text, "to be\r\n");
        let shown = Shown::raw("äää and so on\n".as_bytes(), 5);
        assert_eq!((shown.text.as_str(), shown.cut), ("ää", Some(Cut { before: 0, after: 13 })));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_places_follow() {
        let shown = Shown::new(b"\xff\xfea HERE", 0, 100);
        assert_eq!(shown.text, "\u{FFFD}\u{FFFD}a HERE");
        assert_eq!(&shown.text[shown.range(&(4..8)).unwrap()], "HERE");
        assert_eq!(shown.range(&(1..2)), Some(3..6));
        let shown = Shown::new(b"a\xf0\x9f", 0, 100);
        assert_eq!((shown.range(&(1..3)), shown.range(&(2..2))), (Some(1..4), Some(1..1)));
    }

    #[test]
    fn a_place_inside_a_character_is_the_characters() {
        let shown = Shown::new("äb\n".as_bytes(), 0, 100);
        assert_eq!(shown.range(&(1..1)), Some(0..0));
        assert_eq!(shown.range(&(3..4)), Some(3..3));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(column("äöx".as_bytes(), 4), 3);
    }
}
