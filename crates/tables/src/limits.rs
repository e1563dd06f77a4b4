//! How large a file and its parts may be.

/// The longest row in bytes. A longer one most likely has a quote that is never closed.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;
/// The most columns of a file.
pub const MAX_COLUMNS: usize = 1000;
/// The longest cell that is read, in bytes. A text of a record is shorter; all pieces of evidence together may be long.
pub const MAX_CELL_BYTES: usize = 400_000;
/// The longest name of a JSON member in bytes, with the names of the objects around it.
pub const MAX_NAME_BYTES: usize = 1000;
/// The largest workbook in bytes; a workbook can't be streamed.
pub const MAX_WORKBOOK_BYTES: u64 = 100 * 1024 * 1024;
/// The most sheets of a workbook.
pub const MAX_SHEETS: usize = 1000;
/// The most sheets that are read if none is asked for: Tokyo has 62 municipalities.
pub const MOST_READ: usize = 200;
/// The most rows of a sheet.
pub const MAX_SHEET_ROWS: u64 = 200_000;
/// The most cells of a sheet, with the empty ones before the last of each row.
pub const MAX_SHEET_CELLS: u64 = 20_000_000;
/// The most bytes of a sheet as CSV. A few bytes can repeat a long text many times.
pub const MAX_SHEET_BYTES: u64 = 256 * 1024 * 1024;
/// The most merged ranges of a sheet.
pub const MAX_MERGED_RANGES: usize = 100_000;
/// The most parts of a workbook that is an archive.
pub const MAX_PARTS: usize = 10_000;
/// The most bytes that a workbook may unpack to.
pub const MAX_UNPACKED_BYTES: u64 = 600 * 1024 * 1024;
/// The most bytes that a part of a workbook may unpack to, if it is held in memory.
pub const MAX_UNPACKED_PART_BYTES: u64 = 120 * 1024 * 1024;
