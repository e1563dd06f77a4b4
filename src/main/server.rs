//! A running server, to which files are sent.

use super::load::{LOOK, SHOWN, at, bar, open, wait};
use musubi::db::Id;
use musubi::error::{Error, Result};
use musubi::imports::jobs::{ImportOptions, ImportStatus};
use musubi::imports::upload;
use serde_json::Value;
use std::path::Path;

/// A running server.
pub struct Server {
    url: String,
    token: String,
    agent: ureq::Agent,
}

impl Server {
    pub fn new(url: &str, token: Option<&str>) -> Result<Server> {
        let needed = || Error::Internal("a token is needed: --token, or MUSUBI_TOKEN".into());
        Ok(Server {
            url: url.trim_end_matches('/').to_owned(),
            token: token.ok_or_else(needed)?.to_owned(),
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into(),
        })
    }

    pub fn load(&self, options: &ImportOptions, file: &Path) -> Result<(Value, Vec<Value>)> {
        let mapping = serde_json::to_string(&options.mapping).map_err(|e| Error::Internal(e.to_string()))?;
        let told = serde_json::to_value(options).map_err(|e| Error::Internal(e.to_string()))?;
        let texts = told
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name, value.as_str()?)));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(texts).append_pair("mapping", &mapping);
        let url = format!("{}/v1/imports?{}", self.url, query.finish());
        let sent = self
            .agent
            .post(&url)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/octet-stream")
            .send(ureq::SendBody::from_owned_reader(open(file)?));
        let mut job = self.answer(sent)?;
        let path = format!("/v1/imports/{}", at(&job, "/id").as_str().unwrap_or_default());
        let bar = bar();
        let is_final = |job: &Value| {
            let state = at(job, "/status").as_str().and_then(ImportStatus::of_code);
            state.is_none_or(ImportStatus::is_final)
        };
        while !is_final(&job) {
            wait(LOOK);
            job = self.get(&path)?;
            bar.set_length(at(&job, "/progress/total").as_u64().unwrap_or_default());
            bar.set_position(at(&job, "/progress/rows_read").as_u64().unwrap_or_default());
        }
        bar.finish_and_clear();
        let page = self.get(&format!("{path}/findings?limit={SHOWN}"))?;
        Ok((job, at(&page, "/items").as_array().cloned().unwrap_or_default()))
    }

    fn get(&self, path: &str) -> Result<Value> {
        self.answer(self.request(path).call())
    }

    fn request(&self, path: &str) -> ureq::RequestBuilder<ureq::typestate::WithoutBody> {
        self.agent
            .get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept-language", "ja")
    }

    fn answer(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
        let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("{}: {e}", self.url));
        let mut answer = answer.map_err(|e| failed(&e))?;
        let status = answer.status();
        let body: Value = answer
            .body_mut()
            .read_json()
            .map_err(|e| failed(&format!("{status}: {e}")))?;
        if status.is_success() {
            Ok(body)
        } else {
            Err(failed(&format!("{status}: {body}")))
        }
    }

    pub fn annotated(&self, id: Id) -> Result<Option<(String, Vec<u8>)>> {
        let failed = |e: ureq::Error| Error::Internal(format!("{}: {e}", self.url));
        let mut answer = self
            .request(&format!("/v1/imports/{id}/annotated-file"))
            .call()
            .map_err(failed)?;
        if !answer.status().is_success() {
            return Ok(None);
        }
        let named = answer
            .headers()
            .get("content-disposition")
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let extension = named
            .trim_end_matches('"')
            .rsplit('.')
            .next()
            .unwrap_or("csv")
            .to_owned();
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(upload::LARGEST)
            .read_to_vec()
            .map_err(failed)?;
        Ok(Some((extension, bytes)))
    }
}
