//! How large a file and its parts may be.

/// The longest row in bytes. A longer one most likely has a quote that is never closed.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;
/// The most columns of a file.
pub const MAX_COLUMNS: usize = 1000;
/// The largest workbook in bytes; a workbook can't be streamed.
pub const MAX_WORKBOOK_BYTES: u64 = 100 * 1024 * 1024;
/// The most rows of a sheet.
pub const MAX_SHEET_ROWS: u64 = 200_000;
/// The most cells of a sheet that has to be held in memory.
pub const MAX_SHEET_CELLS: u64 = 4_000_000;
/// The most bytes that a workbook may unpack to.
pub const MAX_UNPACKED_BYTES: u64 = 600 * 1024 * 1024;
/// The most bytes that a part of a workbook may unpack to, if it is held in memory.
pub const MAX_UNPACKED_PART_BYTES: u64 = 120 * 1024 * 1024;
/// The largest JSON document in bytes. It can't be streamed and takes several times its size in memory.
pub const MAX_JSON_BYTES: u64 = 16 * 1024 * 1024;
