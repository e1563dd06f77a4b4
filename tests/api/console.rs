//! The console: its files as the server sends them.

use crate::support::TestApp;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// What the page at `/` refers to.
fn links(page: &str) -> BTreeSet<String> {
    let pieces = page.split('"').filter(|piece| piece.starts_with("console/"));
    pieces.map(str::to_owned).collect()
}

#[test]
fn the_page_names_every_file_and_each_is_kept_for_good_under_its_hash() {
    let app = TestApp::sqlite();
    let page = app.send("GET", "/", &[], b"");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-cache");
    let policy = page.header("content-security-policy");
    for rule in [
        "script-src 'self'",
        "style-src 'self'",
        "trusted-types 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let text = page.text.clone();
    assert!(!text.contains("{version}") && !text.contains("<style") && !text.contains("style="));
    let links = links(&text);
    assert!(links.iter().any(|link| link.ends_with("/app/main.js")));
    assert!(links.iter().any(|link| link.ends_with("/style/tokens.css")));
    for link in &links {
        let file = app.send("GET", &format!("/{link}"), &[], b"");
        assert_eq!(file.status, 200, "{link}");
        assert_eq!(
            file.header("cache-control"),
            "max-age=31536000, immutable",
            "{link}"
        );
        let kind = file.header("content-type");
        assert!(
            [
                "text/javascript; charset=utf-8",
                "text/css; charset=utf-8",
                "image/svg+xml"
            ]
            .contains(&kind),
            "{link}: {kind}"
        );
        let other = link.replacen("console/", "console/0", 1);
        assert_eq!(
            app.send("GET", &format!("/{other}"), &[], b"").status,
            404,
            "{other}"
        );
    }
}

#[test]
fn all_scripts_and_styles_weigh_at_most_120_kilobytes() {
    let app = TestApp::sqlite();
    let links = links(&app.send("GET", "/", &[], b"").text);
    let mut bytes = 0;
    for link in &links {
        let text = app.send("GET", &format!("/{link}"), &[], b"").text;
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(text.as_bytes()).unwrap();
        bytes += packed.finish().unwrap().len();
    }
    println!("{} files, {bytes} bytes with gzip -9", links.len());
    assert!(bytes <= 120_000, "{bytes} bytes");
}

#[test]
fn every_file_of_the_console_is_text_and_names_no_other_server() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("console")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("the console is text");
            let foreign = text.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !foreign.contains("http://") && !foreign.contains("https://"),
                "{}",
                path.display()
            );
        }
    }
}
