//! Detection of formats, encodings and headers, and the lines where rows begin.

use super::*;
use crate::limits::{MAX_COLUMNS, MAX_ROW_BYTES};

type Cells = (u64, Vec<Option<String>>);

fn read(bytes: &[u8]) -> Result<(DetectedFormat, Vec<String>, Vec<Cells>)> {
    let count_headings = |row: &Row| {
        let headings = row.texts().filter(|text| ["氏名", "地域", "name"].contains(text));
        headings.count()
    };
    let survey = survey(&bytes, &Hints::default(), &count_headings)?;
    let (mut row, mut found) = (Row::default(), Vec::new());
    let mut rows = survey.rows(&bytes)?;
    while rows.next(&mut row)? {
        let cells = row.cells().map(|cell| cell.map(str::to_owned));
        found.push((row.line, cells.collect()));
    }
    assert!(!rows.next(&mut row)?, "an end stays one");
    assert_eq!(found.len() as u64, survey.row_count);
    Ok((survey.detected.clone(), survey.header.clone(), found))
}

fn code(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(Error::Invalid { code, .. }) => code.to_owned(),
        other => panic!("{other:?}"),
    }
}

fn texts(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

const PLAIN: &str = "氏名,地域\n佐藤 陽子,新宿区\n鈴木 一郎,文京区\n";

#[test]
fn detects_the_encoding() {
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
        assert_eq!(rows[1], (3, texts(&["鈴木 一郎", "文京区"])), "{name}");
    }
}

#[test]
fn one_vendor_character_is_no_other_encoding() {
    let text = "氏名,地域\n佐藤 陽子,新宿区\n".repeat(20);
    let mut bytes = encoding_rs::EUC_JP.encode(&text).0.into_owned();
    bytes.extend_from_slice(b"\xfc\xe2,\xcd\xad\n");
    let (detected, header, rows) = read(&bytes).unwrap();
    assert_eq!(detected.encoding.as_deref(), Some("EUC-JP"));
    assert_eq!(
        (header, rows.len()),
        (vec!["氏名".to_owned(), "地域".to_owned()], 21)
    );
}

#[test]
fn detects_delimiter_and_quote() {
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
fn counts_lines_with_any_line_break() {
    for text in [
        "氏名,地域\n\n佐藤,\"新\n宿区\"\n鈴木,文京区",
        "氏名,地域\r\n\r\n佐藤,\"新\r\n宿区\"\r\n鈴木,文京区\r\n",
        "氏名,地域\r\r佐藤,\"新\r宿区\"\r鈴木,文京区\r",
    ] {
        let (_, _, rows) = read(text.as_bytes()).unwrap();
        let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 5], "{text:?}");
        assert_eq!(rows[0].1, texts(&["佐藤", "新\n宿区"]));
    }
}

#[test]
fn finds_the_header_below_a_title() {
    let (_, header, rows) = read("令和5年度 名簿,\n,\n氏名,地域\n佐藤,新宿区\n".as_bytes()).unwrap();
    assert_eq!(
        (header, rows.len(), rows[0].0),
        (vec!["氏名".to_owned(), "地域".to_owned()], 1, 4)
    );
}

#[test]
fn rejects_a_quote_that_is_never_closed() {
    assert_eq!(
        code("氏名,地域\n佐藤,\"新宿区\n鈴木,文京区\n".as_bytes()),
        "unclosed_quote"
    );
    let long = format!("氏名,地域\n佐藤,\"{}", "あ\n".repeat(MAX_ROW_BYTES));
    assert_eq!(code(long.as_bytes()), "row_too_long");
    assert_eq!(code("氏名,地域\n佐藤,新宿区\n\"".as_bytes()), "unclosed_quote");
    for closed in ["\"新宿区\n\"", "\"新宿区\n\"\n", "\"新宿区\n\"\n\n\n"] {
        let (_, _, rows) = read(format!("氏名,地域\n佐藤,{closed}").as_bytes()).unwrap();
        assert_eq!(rows[0].1, texts(&["佐藤", "新宿区\n"]), "{closed}");
    }
}

#[test]
fn rejects_files_without_a_table() {
    assert_eq!(code(b""), "empty_file");
    assert_eq!(code(b"\n\n"), "no_rows");
    assert_eq!(code(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "binary_file");
    assert_eq!(code(&[b'a'; 3000].map(|_| b',')), "no_rows");
    let wide = format!("氏名{}\n佐藤", ",".repeat(MAX_COLUMNS));
    assert_eq!(code(wide.as_bytes()), "too_many_columns");
}

#[test]
fn members_of_json_objects_are_cells() {
    let lines = [
        r#"{"name":"佐藤","personal":{"email":"a@example.jp"},"skills":["編集"]}"#,
        "",
        r#"{"area":null,"name":"鈴木"}"#,
    ];
    let (detected, header, rows) = read(lines.join("\n").as_bytes()).unwrap();
    assert_eq!(detected.format, FileFormat::Ndjson);
    assert_eq!(header, ["name", "personal.email", "skills", "area"]);
    assert_eq!(rows[0].1, texts(&["佐藤", "a@example.jp", "[\"編集\"]"]));
    let [name, empty] = ["鈴木", ""].map(|text| Some(text.to_owned()));
    assert_eq!(rows[1], (3, vec![name, None, None, empty]));
    let document = "{\"items\": [{\"name\": \"佐藤\"}]}";
    let (detected, _, rows) = read(document.as_bytes()).unwrap();
    assert_eq!((detected.format, rows.len()), (FileFormat::Json, 1));
}

#[test]
fn reads_a_json_document_item_by_item() {
    let document = r#" {"next": "]}", "items": [{"name": "佐\"藤]"} , {"name": {"a": [1, {}]}}, 3 ], "more": {"x": []}} "#;
    let (detected, header, rows) = read(document.as_bytes()).unwrap();
    assert_eq!((detected.format, header.len()), (FileFormat::Json, 2));
    assert_eq!((rows.len(), &rows[0].1), (3, &texts(&["佐\"藤]"])));
    assert_eq!(rows[1], (2, vec![None, Some("[1,{}]".to_owned())]));
    let long = format!("[{}{{\"name\": 1}}]", "{\"name\": 1},\n".repeat(200_000));
    assert_eq!(read(long.as_bytes()).unwrap().2.len(), 200_001);
    assert!(read(b"[]").unwrap().2.is_empty());
}

#[test]
fn names_the_place_where_a_json_document_ends_to_be_one() {
    let mut wrong = Vec::new();
    for (document, place) in [
        ("[1, 2", "line 2, column 1"),
        ("[1,\n 2 3]", "line 2, column 4"),
        ("[1,\n{\"a\": 1,}]", "line 2, column 9"),
        ("[1,]", "line 1, column 4"),
        ("[1]]", "line 1, column 4"),
        ("[\"あ\" 1]", "line 1, column 6"),
        ("{\"items\": [1], \"items\": [2]}", "line 1"),
        ("{\"items\":\n [1], }", "line 2, column 7"),
        ("{\"a\"\n 1}", "line 2, column 2"),
    ] {
        let error = read(document.as_bytes()).unwrap_err().to_string();
        let is_right = error.starts_with("malformed_json") && error.contains(place);
        wrong.extend((!is_right).then(|| format!("{document}: {error}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(code(b"{\"name\":\n 1}"), "not_an_array");
    assert_eq!(code(b"{\"items\":\n {}}"), "not_an_array");
}
