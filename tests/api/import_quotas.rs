//! What the imports of a caller, and those of all, may take up.

use crate::support::{Response, TestApp, on_both, token};
use musubi::auth::UserRole;
use std::io::{Read, Write};
use std::net::TcpStream;

on_both! {
    limits_the_files_of_a_caller_and_of_all,
    reserves_room_before_a_file_arrives,
    limits_the_imports_that_have_not_ended,
    deletes_imports_that_have_ended,
}

const MIB: usize = 1024 * 1024;

/// A file of this size whose rows are all rejected, so that it is read fast. `name` makes it another file.
fn file(name: &str, size: usize) -> Vec<u8> {
    let mut file = format!("氏名,地域\n{name},{}\n", "x".repeat(500_000)).into_bytes();
    file.resize(size, b'\n');
    file
}

fn refused(answer: Response, code: &str) {
    let answer = answer.expect(429);
    assert_eq!(answer.code(), code);
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
}

fn end(app: &TestApp, answer: Response) -> String {
    let id = answer.expect(202).json()["id"].as_str().unwrap().to_owned();
    app.wait_for_import(&id);
    id
}

/// Announces a file of `size` bytes, and sends its beginning.
fn begin_upload(app: &TestApp, token: &str, length: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /v1/imports?kind=workers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Returns the imports that are arriving.
fn arriving(app: &TestApp) -> Vec<String> {
    let page = app.get("/v1/imports").expect(200).json();
    let items = page["items"].as_array().unwrap().iter();
    let arriving = items.filter(|import| import["status"] == "receiving");
    arriving
        .map(|import| {
            assert_eq!(import["size_bytes"], 0);
            import["id"].as_str().unwrap().to_owned()
        })
        .collect()
}

fn limits_the_files_of_a_caller_and_of_all(app: &TestApp) {
    let app = &app.another_with(&["--imports-caller-mib=3", "--imports-total-mib=4"]);
    let import = |token: &str, name: &str, size| app.import(token, "kind=workers", &file(name, size));
    let first = end(app, import(&app.admin, "1", MIB));
    end(app, import(&app.admin, "2", MIB / 2));
    refused(import(&app.admin, "3", MIB), "import_storage_exceeded");
    // The other caller has room, but not as much as there is for all.
    let other = token(&app.state, UserRole::Importer, None, 3600);
    refused(import(&other, "4", 2 * MIB), "import_storage_exceeded");
    app.delete(&format!("/v1/imports/{first}")).expect(204);
    end(app, import(&other, "4", MIB));
    // No waiting helps a file that is larger than all of it.
    let answer = import(&app.admin, "5", 3 * MIB + 1).expect(413);
    assert_eq!(answer.code(), "too_large");
}

fn reserves_room_before_a_file_arrives(app: &TestApp) {
    let app = &app.another_with(&["--imports-caller-mib=3"]);
    let small = |name: &str| app.import(&app.admin, "kind=workers", &file(name, MIB));
    for length in ["Content-Length: 2500000", "Transfer-Encoding: chunked"] {
        let upload = begin_upload(app, &app.admin, length);
        app.until(|| arriving(app).len() == 1);
        refused(small("1"), "import_storage_exceeded");
        // A connection that breaks gives the room back.
        drop(upload);
        app.until(|| arriving(app).is_empty());
        let id = end(app, small("1"));
        app.delete(&format!("/v1/imports/{id}")).expect(204);
    }
}

fn limits_the_imports_that_have_not_ended(app: &TestApp) {
    let app = &app.another_with(&["--imports-caller-unfinished=2", "--imports-total-unfinished=3"]);
    let small = |token: &str, name: &str| {
        let file = format!("氏名,地域\n{name},新宿区\n");
        app.import(token, "kind=workers", file.as_bytes())
    };
    let mut first = begin_upload(app, &app.admin, "Content-Length: 2000000");
    app.until(|| arriving(app).len() == 1);
    let id = arriving(app).remove(0);
    let _second = begin_upload(app, &app.admin, "Content-Length: 1000");
    app.until(|| arriving(app).len() == 2);
    refused(small(&app.admin, "1"), "too_many_imports");
    let other = token(&app.state, UserRole::Importer, None, 3600);
    let _third = begin_upload(app, &other, "Content-Length: 1000");
    app.until(|| arriving(app).len() == 3);
    refused(small(&other, "2"), "too_many_imports");
    // A cancelled one doesn't come back when the rest of its file arrives.
    app.post(&format!("/v1/imports/{id}/cancel"), &serde_json::Value::Null)
        .expect(202);
    end(app, small(&app.admin, "3"));
    first.write_all(&vec![b'\n'; 2_000_000]).unwrap();
    let mut answer = [0; 400];
    let read = first.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    let import = app.get(&format!("/v1/imports/{id}")).expect(200).json();
    assert_eq!(import["status"], "cancelled");
}

fn deletes_imports_that_have_ended(app: &TestApp) {
    let upload = begin_upload(app, &app.admin, "Content-Length: 1000");
    app.until(|| arriving(app).len() == 1);
    let path = format!("/v1/imports/{}", arriving(app).remove(0));
    assert_eq!(app.delete(&path).expect(409).code(), "not_ended");
    drop(upload);
    let sent = app.import(
        &app.admin,
        "kind=workers",
        "id,氏名,地域\n1,佐藤,新宿区\n".as_bytes(),
    );
    let path = format!("/v1/imports/{}", end(app, sent));
    // It is its sender's.
    for (role, status) in [(UserRole::Importer, 404), (UserRole::Auditor, 403)] {
        app.call("DELETE", &path, &app.token(role), &serde_json::Value::Null)
            .expect(status);
    }
    app.delete(&path).expect(204);
    app.get(&path).expect(404);
    app.get(&format!("{path}/findings")).expect(404);
    app.get(&format!("{path}/annotated-file")).expect(404);
    let workers = app.get("/v1/workers").expect(200).json();
    assert_eq!(
        workers["items"].as_array().unwrap().len(),
        1,
        "what it wrote stays"
    );
}
