//! Reads the items of a JSON array one by one, so that memory doesn't grow with the document.

use crate::error::{Error, Result};
use crate::limits::MAX_ROW_BYTES;
use crate::strict_json::{self, JsonError};
use serde_json::Value;
use std::io::BufRead;

/// The items of `[…]` or of `{"items": […]}`.
pub struct Items<R> {
    input: R,
    /// Where the next character is, from 1.
    line: usize,
    column: usize,
    is_wrapped: bool,
    is_first: bool,
    has_ended: bool,
    buffer: Vec<u8>,
}

impl<R: BufRead> Items<R> {
    /// Reads up to the first item.
    pub fn begin(input: R) -> Result<Items<R>> {
        let mut items = Items {
            input,
            line: 1,
            column: 1,
            is_wrapped: false,
            is_first: true,
            has_ended: false,
            buffer: Vec::new(),
        };
        match items.peek_mark()? {
            Some(b'[') => {}
            Some(b'{') => {
                items.skip()?;
                items.is_wrapped = true;
                items.find_items()?;
            }
            _ => return Err(not_an_array()),
        }
        items.skip()?;
        Ok(items)
    }

    /// Reads up to the array of the member `items`.
    fn find_items(&mut self) -> Result<()> {
        if self.peek_mark()? == Some(b'}') {
            return Err(not_an_array());
        }
        loop {
            let is_items = self.read_name()? == "items";
            match (is_items, self.peek_mark()?) {
                (true, Some(b'[')) => return Ok(()),
                (true, _) => return Err(not_an_array()),
                (false, _) => self.read_value()?.map_err(|_| self.malformed())?,
            };
            match self.peek_mark()? {
                Some(b',') => self.skip()?,
                Some(b'}') => return Err(not_an_array()),
                _ => return Err(self.malformed()),
            }
        }
    }

    /// Reads the next item. An item that breaks a rule of strict JSON is a separate error.
    pub fn next(&mut self) -> Result<Option<Result<Value, JsonError>>> {
        if self.has_ended {
            return Ok(None);
        }
        let mark = self.peek_mark()?;
        if mark == Some(b']') {
            self.skip()?;
            self.end()?;
            self.has_ended = true;
            return Ok(None);
        }
        if !std::mem::take(&mut self.is_first) {
            match mark {
                Some(b',') => self.skip()?,
                _ => return Err(self.malformed()),
            }
        }
        self.read_value().map(Some)
    }

    /// Reads what is after the array.
    fn end(&mut self) -> Result<()> {
        while self.is_wrapped {
            match self.peek_mark()? {
                Some(b',') => self.skip()?,
                Some(b'}') => {
                    self.skip()?;
                    break;
                }
                _ => return Err(self.malformed()),
            }
            if self.read_name()? == "items" || self.read_value()?.is_err() {
                return Err(self.malformed());
            }
        }
        match self.peek_mark()? {
            None => Ok(()),
            Some(_) => Err(self.malformed()),
        }
    }

    /// Reads the name of a member and the colon after it.
    fn read_name(&mut self) -> Result<String> {
        let name = self.read_value()?;
        match (name, self.peek_mark()?) {
            (Ok(Value::String(name)), Some(b':')) => {
                self.skip()?;
                Ok(name)
            }
            _ => Err(self.malformed()),
        }
    }

    /// Reads one value. Fails if it isn't JSON at all.
    fn read_value(&mut self) -> Result<Result<Value, JsonError>> {
        self.peek_mark()?;
        let (line, column) = (self.line, self.column);
        self.buffer.clear();
        let (mut depth, mut is_text, mut is_escaped) = (0usize, false, false);
        while let Some(byte) = self.peek()? {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_text => is_escaped = true,
                b'"' => is_text = !is_text,
                _ if is_text => {}
                b'[' | b'{' => depth += 1,
                b']' | b'}' if depth > 0 => depth -= 1,
                b']' | b'}' | b',' | b':' | b' ' | b'\t' | b'\n' if depth == 0 => break,
                _ => {}
            }
            self.skip()?;
            self.buffer.push(byte);
            if self.buffer.len() > MAX_ROW_BYTES {
                return Err(Error::invalid(
                    "row_too_long",
                    format!("{line}行目{column}文字目からの値が1 MiBを超えています。"),
                    format!("The value at line {line}, column {column} is longer than 1 MiB."),
                ));
            }
            if depth == 0 && !is_text && matches!(byte, b']' | b'}' | b'"') {
                break;
            }
        }
        match strict_json::parse(&self.buffer) {
            Err(JsonError::Malformed {
                line: lines,
                column: columns,
                ..
            }) => Err(match lines {
                0 | 1 => malformed(line, column + columns.saturating_sub(1)),
                _ => malformed(line + lines - 1, columns),
            }),
            parsed => Ok(parsed),
        }
    }

    /// Returns the next byte that isn't blank.
    fn peek_mark(&mut self) -> Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.skip()?;
        }
        Ok(None)
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    /// Goes on to the next byte.
    fn skip(&mut self) -> Result<()> {
        match self.peek()? {
            None => return Ok(()),
            Some(b'\n') => (self.line, self.column) = (self.line + 1, 1),
            // The other bytes of a character in UTF-8 begin with 10.
            Some(byte) if byte & 0b1100_0000 != 0b1000_0000 => self.column += 1,
            Some(_) => {}
        }
        self.input.consume(1);
        Ok(())
    }

    fn malformed(&self) -> Error {
        malformed(self.line, self.column)
    }
}

fn malformed(line: usize, column: usize) -> Error {
    Error::invalid(
        "malformed_json",
        format!("JSONとして読み取れません（{line}行目{column}文字目）。"),
        format!("The file is not valid JSON (line {line}, column {column})."),
    )
}

fn not_an_array() -> Error {
    Error::invalid(
        "not_an_array",
        "JSONは、オブジェクトの配列か、配列 items を持つオブジェクトにしてください。",
        "A JSON file has to be an array of objects, or an object with an array called items.",
    )
}
