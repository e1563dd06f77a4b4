//! What files are told to be, and where their rows begin.

use super::*;

type Cells = (u64, Vec<String>);

fn read(bytes: &[u8]) -> Result<(Detected, Vec<String>, Vec<Cells>)> {
    let known = |cells: &StringRecord| {
        cells
            .iter()
            .filter(|cell| ["氏名", "地域", "name"].contains(cell))
            .count()
    };
    let survey = survey(&bytes, &Hints::default(), &known)?;
    let (mut row, mut found) = (Row::default(), Vec::new());
    let mut rows = survey.rows(&bytes)?;
    while rows.next(&mut row)? {
        found.push((row.line, row.cells.iter().map(str::to_owned).collect()));
    }
    assert_eq!(found.len() as u64, survey.rows);
    Ok((survey.detected.clone(), survey.header.clone(), found))
}

fn code(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(Error::Invalid(faults)) => faults[0].code.to_string(),
        other => panic!("{other:?}"),
    }
}

const PLAIN: &str = "氏名,地域\n佐藤 陽子,新宿区\n鈴木 一郎,文京区\n";

#[test]
fn encodings_are_told_apart() {
    let encoded = |encoding: &'static encoding_rs::Encoding| encoding.encode(PLAIN).0.into_owned();
    let utf_16: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = [b"\xff\xfe".as_slice(), &utf_16].concat();
    for (bytes, name) in [
        (PLAIN.as_bytes().to_vec(), "UTF-8"),
        ([b"\xef\xbb\xbf", PLAIN.as_bytes()].concat(), "UTF-8"),
        (encoded(encoding_rs::SHIFT_JIS), "Shift_JIS"),
        (encoded(encoding_rs::EUC_JP), "EUC-JP"),
        (encoded(encoding_rs::ISO_2022_JP), "ISO-2022-JP"),
        (utf_16, "UTF-16LE"),
        (marked, "UTF-16LE"),
    ] {
        let (detected, header, rows) = read(&bytes).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(detected.encoding.as_deref(), Some(name));
        assert_eq!(header, ["氏名", "地域"], "{name}");
        assert_eq!(
            rows[1],
            (3, vec!["鈴木 一郎".to_owned(), "文京区".to_owned()]),
            "{name}"
        );
    }
}

#[test]
fn delimiters_and_quotes_are_told_apart() {
    for (text, delimiter, quote) in [
        ("氏名\t地域\n佐藤, 陽子\t新宿区\n", '\t', '"'),
        ("氏名;地域\n佐藤;新宿区\n", ';', '"'),
        ("'氏名','地域'\n'佐藤, 陽子','新宿区'\n", ',', '\''),
        ("\"氏名\",\"地域\"\n\"佐藤, 陽子\",\"新宿区\"\n", ',', '"'),
    ] {
        let (detected, header, rows) = read(text.as_bytes()).unwrap();
        assert_eq!(
            (detected.delimiter, detected.quote),
            (Some(delimiter), Some(quote)),
            "{text}"
        );
        assert_eq!((header.len(), rows[0].1.len()), (2, 2), "{text}");
    }
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for text in [
        "氏名,地域\n\n佐藤,\"新\n宿区\"\n鈴木,文京区",
        "氏名,地域\r\n\r\n佐藤,\"新\r\n宿区\"\r\n鈴木,文京区\r\n",
        "氏名,地域\r\r佐藤,\"新\r宿区\"\r鈴木,文京区\r",
    ] {
        let (_, _, rows) = read(text.as_bytes()).unwrap();
        let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 5], "{text:?}");
        assert_eq!(rows[0].1, ["佐藤", "新\n宿区"]);
    }
}

#[test]
fn a_title_above_the_header_is_no_header() {
    let (_, header, rows) = read("令和5年度 名簿,\n,\n氏名,地域\n佐藤,新宿区\n".as_bytes()).unwrap();
    assert_eq!(
        (header, rows.len(), rows[0].0),
        (vec!["氏名".to_owned(), "地域".to_owned()], 1, 4)
    );
}

#[test]
fn a_quote_that_is_never_closed_is_named() {
    assert_eq!(
        code("氏名,地域\n佐藤,\"新宿区\n鈴木,文京区\n".as_bytes()),
        "unclosed_quote"
    );
    let long = format!("氏名,地域\n佐藤,\"{}", "あ\n".repeat(LONGEST_ROW));
    assert_eq!(code(long.as_bytes()), "row_too_long");
    // A line feed inside of quotes, at the very end.
    assert_eq!(
        read("氏名,地域\n佐藤,\"新宿区\n\"".as_bytes()).unwrap().2[0].1[1],
        "新宿区\n"
    );
}

#[test]
fn what_is_no_text_is_refused() {
    assert_eq!(code(b""), "empty_file");
    assert_eq!(code(b"\n\n"), "no_rows");
    assert_eq!(code(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "binary_file");
    assert_eq!(code(b"PK\x03\x04 and no more"), "damaged_workbook");
    assert_eq!(code(&[b'a'; 3000].map(|_| b',')), "no_rows");
    let wide = format!("氏名{}\n佐藤", ",".repeat(MOST_COLUMNS));
    assert_eq!(code(wide.as_bytes()), "too_many_columns");
}

#[test]
fn json_rows_name_their_cells() {
    let lines = "{\"name\":\"佐藤\",\"personal\":{\"email\":\"a@example.jp\"},\"skills\":[\"編集\"]}\n\n{\"area\":null,\"name\":\"鈴木\"}\n";
    let (detected, header, rows) = read(lines.as_bytes()).unwrap();
    assert_eq!(detected.format, FileFormat::Ndjson);
    assert_eq!(header, ["name", "personal.email", "skills", "area"]);
    assert_eq!(rows[0].1, ["佐藤", "a@example.jp", "[\"編集\"]"]);
    assert_eq!(
        rows[1],
        (3, ["鈴木", ABSENT, ABSENT, ""].map(str::to_owned).to_vec())
    );
    let document = "{\"items\": [{\"name\": \"佐藤\"}]}";
    let (detected, _, rows) = read(document.as_bytes()).unwrap();
    assert_eq!((detected.format, rows.len()), (FileFormat::Json, 1));
    assert_eq!(code(b"[1, 2"), "malformed_json");
    assert_eq!(code(b"{\"name\":\n 1}"), "no_list");
}
