//! Takes what the searcher finds in one file.

use std::{io, ops::Range};

use grep_matcher::Matcher;
use grep_regex::RegexMatcher;
use grep_searcher::{Searcher, Sink, SinkContext, SinkContextKind, SinkFinish, SinkMatch};

use crate::{
    grep::{
        GrepLine, GrepMatch, GrepOptions, Lines, Mode,
        line::{Shown, column},
    },
    patience::Patience,
};

/// How far behind a match over several lines an assertion like `\b` may have to look, as in ripgrep's own printers.
const LOOK_AHEAD: usize = 128;

pub(crate) struct Collect<'a> {
    matcher: &'a RegexMatcher,
    options: &'a GrepOptions,
    patience: Patience<'a>,
    pub(crate) matches: Vec<GrepMatch>,
    pub(crate) count: u64,
    /// The place of the first NUL byte.
    pub(crate) binary: Option<u64>,
    /// It gave up in the middle of the file.
    pub(crate) stopped: bool,
    bytes: usize,
    before: Vec<GrepLine>,
}

impl<'a> Collect<'a> {
    pub(crate) fn new(matcher: &'a RegexMatcher, options: &'a GrepOptions, patience: Patience<'a>) -> Self {
        Self {
            matcher,
            options,
            patience,
            matches: Vec::new(),
            count: 0,
            binary: None,
            stopped: false,
            bytes: 0,
            before: Vec::new(),
        }
    }

    /// The parts that match, as ranges of the lines, up to about where the window of a long line may end.
    fn submatches(&self, searcher: &Searcher, found: &SinkMatch<'_>) -> io::Result<Vec<Range<usize>>> {
        let range = found.bytes_range_in_buffer();
        let end = if searcher.multi_line_with_matcher(self.matcher) {
            found.buffer().len().min(range.end + LOOK_AHEAD)
        } else if found.bytes().ends_with(b"\n") {
            range.end - 1
        } else {
            range.end
        };
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let most = self.options.max_line_bytes;
        let outcome = self.matcher.find_iter_at(&found.buffer()[..end], range.start, |part| {
            if part.start() >= range.end {
                return false;
            }
            let part = part.start() - range.start..part.end() - range.start;
            let first = ranges.first().map_or(part.start, |first| first.start);
            let shown = part.start <= first.saturating_add(most);
            if shown {
                ranges.push(part);
            }
            shown
        });
        outcome.map_err(io::Error::other)?;
        // An empty match behind the last character is one of the next line.
        if ranges.last().is_some_and(|last| last.is_empty() && last.start >= range.len()) {
            ranges.pop();
        }
        Ok(ranges)
    }

    fn shown<'b>(&self, bytes: &'b [u8], place: usize) -> Shown<'b> {
        let most = self.options.max_line_bytes;
        match self.options.lines {
            Lines::Around => Shown::new(bytes, place, most),
            Lines::Raw => Shown::raw(bytes, most),
        }
    }

    fn collect(&mut self, searcher: &Searcher, found: &SinkMatch<'_>) -> io::Result<()> {
        let bytes = found.bytes();
        let ranges = self.submatches(searcher, found)?;
        let first = ranges.first().map_or(0, |first| first.start);
        let shown = self.shown(bytes, first);
        // A match over several lines may begin behind the first of them only where an empty line comes before.
        let line_start = bytes[..first].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let found = GrepMatch {
            line: found.line_number().unwrap_or(1),
            column: column(&bytes[line_start..], first - line_start),
            offset: found.absolute_byte_offset() + first as u64,
            submatches: ranges.iter().filter_map(|range| shown.range(range)).collect(),
            cut: shown.cut,
            text: shown.text,
            before: std::mem::take(&mut self.before),
            after: Vec::new(),
        };
        self.bytes += found.bytes();
        self.matches.push(found);
        Ok(())
    }
}

impl Sink for Collect<'_> {
    type Error = io::Error;

    fn matched(&mut self, searcher: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        match self.options.mode {
            Mode::Files => {
                self.count = 1;
                return Ok(false);
            }
            Mode::Count => {
                self.count += if searcher.multi_line_with_matcher(self.matcher) {
                    self.submatches(searcher, found)?.len() as u64
                } else {
                    1
                };
            }
            Mode::Matches => {
                self.count += 1;
                self.collect(searcher, found)?;
                // One more than is kept, so that it is known to be cut.
                if self.matches.len() > self.options.max_results || self.bytes > self.options.max_bytes {
                    return Ok(false);
                }
            }
        }
        // A file may have been read in one piece, so that its reader doesn't notice.
        self.stopped = self.count.is_multiple_of(256) && self.patience.is_over();
        Ok(!self.stopped)
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        let shown = self.shown(context.bytes(), 0);
        let line = GrepLine { line: context.line_number().unwrap_or(1), text: shown.text, cut: shown.cut };
        self.bytes += line.text.len();
        match (context.kind(), self.matches.last_mut()) {
            (SinkContextKind::After, Some(last)) => last.after.push(line),
            _ => self.before.push(line),
        }
        Ok(true)
    }

    fn binary_data(&mut self, _: &Searcher, at: u64) -> io::Result<bool> {
        self.binary = Some(at);
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, end: &SinkFinish) -> io::Result<()> {
        self.binary = self.binary.or(end.binary_byte_offset());
        Ok(())
    }
}
