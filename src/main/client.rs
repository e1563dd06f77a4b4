//! A client of a running server, which imports the files.

use super::files;
use musubi::db::Id;
use musubi::error::{Error, Result};
use musubi::imports::jobs::{Import, ImportFinding, ImportOptions};
use musubi::imports::spool;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::path::Path;

/// A running server, and the token for it.
pub struct Client {
    url: String,
    token: String,
    agent: ureq::Agent,
}

type Response = ureq::http::Response<ureq::Body>;

/// A page of findings.
#[derive(Deserialize)]
struct FindingPage {
    items: Vec<ImportFinding>,
}

impl Client {
    pub fn new(url: &str, token: Option<&str>) -> Result<Client> {
        let missing = || Error::Internal("a token is required: use --token or MUSUBI_TOKEN".into());
        Ok(Client {
            url: url.trim_end_matches('/').to_owned(),
            token: token.ok_or_else(missing)?.to_owned(),
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into(),
        })
    }

    /// Sends a file to be imported.
    pub fn create(&self, options: &ImportOptions, file: &Path) -> Result<Import> {
        let failed = |e: serde_json::Error| Error::Internal(e.to_string());
        let mapping = serde_json::to_string(&options.mapping).map_err(failed)?;
        let options = serde_json::to_value(options).map_err(failed)?;
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        };
        let options = options.as_object().into_iter().flatten();
        let texts = options.filter_map(|(name, value)| Some((name, text(value)?)));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(texts).append_pair("mapping", &mapping);
        let sent = self
            .agent
            .post(format!("{}/v1/imports?{}", self.url, query.finish()))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/octet-stream")
            .send(ureq::SendBody::from_owned_reader(files::open(file)?));
        self.read(sent)
    }

    pub fn find(&self, id: Id) -> Result<Import> {
        self.get(&format!("/v1/imports/{id}"))
    }

    /// Lists the first findings of an import.
    pub fn findings(&self, id: Id, limit: i64) -> Result<Vec<ImportFinding>> {
        let page: FindingPage = self.get(&format!("/v1/imports/{id}/findings?limit={limit}"))?;
        Ok(page.items)
    }

    /// Downloads the annotated file with its extension; `None` if there is none.
    pub fn annotated(&self, id: Id) -> Result<Option<(String, Vec<u8>)>> {
        let failed = |e: ureq::Error| self.failed(&e);
        let path = format!("/v1/imports/{id}/annotated-file");
        let mut response = self.request(&path).call().map_err(failed)?;
        if !response.status().is_success() {
            return Ok(None);
        }
        let disposition = response.headers().get("content-disposition");
        let name = disposition.and_then(|v| v.to_str().ok()).unwrap_or_default();
        let extension = name.trim_end_matches('"').rsplit('.').next().unwrap_or("csv");
        let extension = extension.to_owned();
        let body = response.body_mut().with_config().limit(spool::LARGEST);
        Ok(Some((extension, body.read_to_vec().map_err(failed)?)))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.read(self.request(path).call())
    }

    fn request(&self, path: &str) -> ureq::RequestBuilder<ureq::typestate::WithoutBody> {
        self.agent
            .get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept-language", "ja")
    }

    fn read<T: DeserializeOwned>(&self, response: Result<Response, ureq::Error>) -> Result<T> {
        let mut response = response.map_err(|e| self.failed(&e))?;
        let status = response.status();
        if status.is_success() {
            return response.body_mut().read_json().map_err(|e| self.failed(&e));
        }
        let body = response.body_mut().read_to_string().unwrap_or_default();
        Err(self.failed(&format!("{status}: {body}")))
    }

    fn failed(&self, error: &dyn Display) -> Error {
        Error::Internal(format!("{}: {error}", self.url))
    }
}
