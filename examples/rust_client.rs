//! A coordinator's script: lists open deliverables, ranks workers for the first flyer, explains the best match,
//! applies for that worker, and reads the application back.
//!
//! Start `cargo run -- demo`, then run this with the address and the administrator's token that the demo prints:
//!
//! ```sh
//! MUSUBI_URL=http://127.0.0.1:8080 MUSUBI_TOKEN=… cargo run --example rust_client
//! ```

#![allow(clippy::indexing_slicing, clippy::print_stdout)]

use serde_json::{Value, json};
use ureq::Body;
use ureq::http::{Request, Response};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Client {
    agent: ureq::Agent,
    url: String,
    authorization: String,
}

impl Client {
    fn from_environment() -> Result<Client> {
        // Read problem documents instead of failing on their status.
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        Ok(Client {
            agent: config.build().into(),
            url: format!("{}/v1", std::env::var("MUSUBI_URL")?),
            authorization: format!("Bearer {}", std::env::var("MUSUBI_TOKEN")?),
        })
    }

    fn get(&self, path: &str) -> Result<Value> {
        let request = self.agent.get(format!("{}{path}", self.url));
        json_of(request.header("Authorization", &self.authorization).call()?)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Authorization", &self.authorization)
            .header("Content-Type", "application/json")
            .body(body.to_string())?;
        json_of(self.agent.run(request)?)
    }
}

/// Returns the JSON of an answer; a problem document (RFC 9457) becomes an error.
fn json_of(mut response: Response<Body>) -> Result<Value> {
    let json: Value = response.body_mut().read_json()?;
    match response.status().is_success() {
        true => Ok(json),
        false => Err(format!("{} {}", json["code"], json["detail"]).into()),
    }
}

/// Open requests may have all their places taken: nobody is ranked for those.
fn wants_a_designer(deliverable: &Value) -> bool {
    let places = deliverable["open_places"].as_array();
    places.is_some_and(|all| {
        all.iter()
            .any(|one| one["role"] == "designer" && one["left"] != 0)
    })
}

fn main() -> Result<()> {
    let musubi = Client::from_environment()?;

    let flyers = musubi.get("/deliverables?status=open&type=flyer")?;
    let flyers = flyers["items"].as_array().ok_or("no items")?;
    let flyer = flyers
        .iter()
        .find(|flyer| wants_a_designer(flyer))
        .ok_or("no flyer has a place for a designer")?;
    println!("{}", flyer["title"]);
    let flyer_id = flyer["id"].as_str().ok_or("no id")?;

    // Ranks everyone for one role of the team. Fits are in parts per million.
    let matches = format!("/deliverables/{flyer_id}/matches");
    let ranking = musubi.get(&format!("{matches}?role=designer&limit=3"))?;
    for item in ranking["items"].as_array().ok_or("no items")? {
        let (rank, alias) = (&item["rank"], &item["worker"]["alias"]);
        println!("{rank}. {alias}: {}", item["fit_ppm"]);
    }

    // Explains one worker: why they are ranked there, or which gates they fail.
    let best = &ranking["items"][0]["worker"];
    let worker_id = best["id"].as_str().ok_or("no worker passes")?;
    let explanation = musubi.get(&format!("{matches}/{worker_id}"))?;
    for component in explanation["components"].as_array().ok_or("no components")? {
        println!("   {}: {}", component["name"], component["because"]);
    }

    let application = json!({ "deliverable_id": flyer_id, "worker_id": worker_id, "role": "designer" });
    let sent = musubi.send("POST", "/applications", &application)?;
    let path = format!("/applications/{}", sent["id"].as_str().ok_or("no id")?);
    println!("application: {}", musubi.get(&path)?["status"]);

    // Declines it, so that you can run this again.
    let decision = json!({ "status": "declined", "reason": "another_chosen" });
    let answer = musubi.send("PATCH", &path, &decision)?;
    println!("application: {}, {}", answer["status"], answer["reason"]);
    Ok(())
}
