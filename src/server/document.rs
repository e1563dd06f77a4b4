//! The OpenAPI document: what the handlers say, and what every operation shares.
//!
//! Handlers name what is theirs. Added here, once: the errors that follow from the kind of operation, conditional
//! and idempotency headers, the problem document as the body of every error. Views that embed what was written
//! (`allOf`) are made one flat object, and their members required: nothing is ever left out of an answer.

use super::{examples, routes};
use actix_web::App;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Musubi",
        description = "Matches pro bono workers with the deliverables that community organisations ask for: \
            organizations, deliverables, workers, applications, and rankings that explain themselves.\n\n\
            **Errors** are RFC 9457 problem documents with a stable `code`, in Japanese or English by \
            Accept-Language. **Lists** come in keyset pages: give `next` as `cursor`. **Changes** are JSON Merge \
            Patches (RFC 7396); `If-Match` guards against lost updates. **POSTs** may be repeated with the same \
            `Idempotency-Key`: the first answer that succeeds is the only one, a refusal is not kept. Unknown fields and parameters are refused by name.",
        contact(name = "The Musubi contributors", url = "https://example.org/musubi"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "Catalogue", description = "Deliverable types, skills, roles, themes, families, formats and areas"),
        (name = "Organizations", description = "The groups that ask (団体)"),
        (name = "Deliverables", description = "What they ask for (支援内容)"),
        (name = "Workers", description = "Pro bono workers (プロボノワーカー)"),
        (name = "Applications", description = "Bids for a place in a deliverable's team (応募)"),
        (name = "Matches", description = "Rankings, both ways, explained"),
        (name = "Statistics", description = "How much of what, and where"),
        (name = "Exports", description = "Lists as files"),
        (name = "Open data", description = "What anyone may have"),
        (name = "Imports", description = "Files of any quality in, with a report of every row"),
        (name = "Authentication", description = "Logging in, and one's own sessions"),
        (name = "Partners", description = "Apps through which volunteers come"),
        (name = "Audit", description = "Who saw whose personal data, and who decided what"),
        (name = "Users", description = "The people who log in"),
        (name = "Health", description = "For whoever runs the server")
    ),
    components(schemas(crate::http::problem::Problem, crate::http::problem::ProblemField)),
    modifiers(&BearerToken)
)]
struct Base;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let description = "An access token, of `POST /v1/auth/login` or of `musubi token`; the scope that an operation needs is listed \
            with it.";
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT");
        let scheme = SecurityScheme::Http(bearer.description(Some(description)).build());
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", scheme);
    }
}

/// The finished document.
pub struct Document {
    value: Value,
    text: String,
}

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation<'a> {
    pub path: String,
    pub method: String,
    /// The operation object.
    pub object: &'a Map<String, Value>,
}

impl Operation<'_> {
    pub fn id(&self) -> &str {
        self.object
            .get("operationId")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The scope that it declares; none where it is open to all.
    pub fn scope(&self) -> Option<&str> {
        self.object
            .get("security")?
            .get(0)?
            .get("bearer")?
            .get(0)?
            .as_str()
    }
}

impl Default for Document {
    fn default() -> Document {
        Document::new()
    }
}

impl Document {
    pub fn new() -> Document {
        let (_, openapi) = App::new()
            .into_utoipa_app()
            .openapi(Base::openapi())
            .configure(routes::routes)
            .split_for_parts();
        let mut value = serde_json::to_value(openapi).unwrap_or_default();
        let schemas = value
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        refer(&mut value, &schemas);
        flatten(&mut value, &schemas);
        if let Some(paths) = value.get_mut("paths").and_then(Value::as_object_mut) {
            for (path, item) in paths.iter_mut() {
                for (method, operation) in item.as_object_mut().into_iter().flatten() {
                    if let Some(operation) = operation.as_object_mut() {
                        complete(path, method, operation);
                    }
                }
            }
        }
        prune(&mut value);
        examples::add(&mut value);
        if let Some(Value::String(description)) = value.pointer_mut("/info/description") {
            *description += &permissions();
        }
        let text = serde_json::to_string_pretty(&value).unwrap_or_default() + "\n";
        Document { value, text }
    }

    /// As it is served and committed.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let paths = self
            .value
            .get("paths")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        paths.flat_map(|(path, item)| {
            let operations = item.as_object().into_iter().flatten();
            operations.filter_map(move |(method, operation)| {
                Some(Operation {
                    path: path.clone(),
                    method: method.clone(),
                    object: operation.as_object()?,
                })
            })
        })
    }
}

/// Who may do what, in Markdown.
fn permissions() -> String {
    format!(
        "\n\n## Who may do what\n\nEvery operation names its scope. *all* is every record; *own* is what is within the \
         caller's reach: a coordinator's areas, a member's organization, a worker's own profile and what is open to them, a \
         partner's volunteers and what may be diffused to it. A record beyond it is not there (404).\n\n{}",
        crate::auth::table()
    )
}

/// The items of a page by name: they come inlined.
fn refer(value: &mut Value, schemas: &Map<String, Value>) {
    for name in schemas.keys() {
        let items = format!("/components/schemas/Page_{name}/properties/items/items");
        if let Some(items) = value.pointer_mut(&items) {
            *items = json!({"$ref": format!("#/components/schemas/{name}")});
        }
        if let Some(page) = value.pointer_mut(&format!("/components/schemas/Page_{name}")) {
            page["required"] = json!(["items", "next"]);
        }
    }
}

/// Makes one object of every `allOf`, with all members required.
fn flatten(value: &mut Value, schemas: &Map<String, Value>) {
    if value.get("allOf").is_some() {
        *value = flat(value, schemas);
    }
    // Without members named, any may be there.
    let is_open = value.get("type") == Some(&json!("object"));
    if let Some(object) = value.as_object_mut().filter(|_| is_open)
        && !object.contains_key("properties")
        && !object.contains_key("additionalProperties")
    {
        object.insert("additionalProperties".to_owned(), json!(true));
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| flatten(member, schemas)),
        Value::Array(items) => items.iter_mut().for_each(|item| flatten(item, schemas)),
        _ => {}
    }
}

/// Drops the schemas that nothing refers to any more.
fn prune(value: &mut Value) {
    loop {
        let text = value.to_string();
        let Some(schemas) = value
            .pointer_mut("/components/schemas")
            .and_then(Value::as_object_mut)
        else {
            return;
        };
        let before = schemas.len();
        schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if schemas.len() == before {
            return;
        }
    }
}

fn flat(schema: &Value, all: &Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut collect = |part: &Value| {
        let mut own = part
            .get("properties")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        examples::hand_down(part, &mut own);
        properties.extend(own);
    };
    for part in schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = part
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| path.rsplit('/').next());
        match name.and_then(|name| all.get(name)) {
            Some(other) if other.get("allOf").is_some() => collect(&flat(other, all)),
            Some(other) => collect(other),
            None => collect(part),
        }
    }
    let required: Vec<&String> = properties.keys().collect();
    let mut object = json!({"type": "object", "required": required, "properties": properties});
    if let (Some(description), Some(object)) = (schema.get("description"), object.as_object_mut()) {
        object.insert("description".to_owned(), description.clone());
    }
    object
}

/// Adds what follows from the kind of operation.
fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let secured = operation.contains_key("security");
    let has_body = operation.contains_key("requestBody");
    let has_parameters = operation
        .get("parameters")
        .is_some_and(|p| p.as_array().is_some_and(|p| !p.is_empty()));
    let in_path = path.contains('{');
    let is_tagged = |tag: &str| {
        operation
            .get("tags")
            .is_some_and(|tags| tags.get(0) == Some(&json!(tag)))
    };
    let is_health = is_tagged("Health");
    // Its answers are secrets, and are not kept to be repeated.
    let is_authentication = is_tagged("Authentication");
    // Files are told apart by what they hold, and moving one's job twice moves it once: no key is needed.
    let needs_no_key = is_authentication || is_tagged("Imports") || is_tagged("Exports");
    if !secured {
        // Open to all, on purpose.
        operation.insert("security".to_owned(), json!([]));
    }

    let mut errors: Vec<(u16, &str)> = vec![(500, "Something failed on our side")];
    let mut headers: Vec<Value> = Vec::new();
    if !is_health {
        errors.push((503, "The database can't be reached; try again later"));
        headers.push(header("Accept-Language", "ja or en", "string", json!("ja")));
    }
    if has_parameters || has_body || in_path || method == "post" || method == "delete" {
        errors.push((400, "A parameter breaks its rule, or the body is not JSON"));
    }
    if secured {
        errors.push((401, "No valid token"));
        errors.push((
            403,
            "The token lacks the operation's scope, or this is outside of the caller's reach",
        ));
        errors.push((
            429,
            "A partner's quota is used up: Retry-After says when to go on",
        ));
    }
    if in_path && method != "put" {
        errors.push((404, "There is no such thing"));
    }
    if has_parameters && !has_body && !is_health {
        errors.push((422, "A parameter names what is not there"));
    }
    if has_body {
        errors.push((413, "The body is larger than 1 MiB"));
        errors.push((415, "The body is of another media type"));
        errors.push((422, "Values in the body break their rules"));
    }
    match method {
        "get" => {
            headers.push(header(
                "If-None-Match",
                "An ETag that you have: 304 if it is still the one",
                "string",
                json!("\"3\""),
            ));
        }
        "post" | "delete" if needs_no_key => {}
        "post" => {
            errors.push((409, "A request with this Idempotency-Key is under way"));
            let mut key = header(
                "Idempotency-Key",
                "Makes repeating safe: the first answer that succeeds is the only one, for a day",
                "string",
                json!("7d0c4f6e-signup-1"),
            );
            if let Some(schema) = key.get_mut("schema") {
                *schema = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"});
            }
            headers.push(key);
        }
        _ => {
            errors.push((412, "If-Match names another version than the current one"));
            let mut tag = header(
                "If-Match",
                "The ETag of the version that you have read",
                "string",
                json!("\"3\""),
            );
            if let Some(schema) = tag.get_mut("schema") {
                *schema = json!({"type": "string", "pattern": r#"^(\*|(W/)?"[0-9]{1,18}(\.(ja|en))?")$"#});
            }
            headers.push(tag);
        }
    }
    if let Some(parameters) = operation.entry("parameters").or_insert(json!([])).as_array_mut() {
        parameters.extend(headers);
    }

    let Some(responses) = operation.entry("responses").or_insert(json!({})).as_object_mut() else {
        return;
    };
    for (status, description) in errors {
        responses
            .entry(status.to_string())
            .or_insert(json!({"description": description}));
    }
    if method == "get" {
        responses.insert(
            "304".to_owned(),
            json!({"description": "Not modified: you have it already"}),
        );
    }
    for (status, response) in responses.iter_mut() {
        let Some(response) = response.as_object_mut() else {
            continue;
        };
        match status.as_bytes().first() {
            Some(b'4' | b'5') => {
                // A handler that speaks another standard names its own.
                let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
                response
                    .entry("content")
                    .or_insert(json!({"application/problem+json": problem}));
                if status == "429" {
                    let seconds = json!({"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}});
                    response.insert("headers".to_owned(), json!({"Retry-After": seconds}));
                }
            }
            Some(b'2') if status != "204" => {
                response.insert("headers".to_owned(), success_headers(status, method, secured));
            }
            _ => {}
        }
    }
}

fn header(name: &str, description: &str, kind: &str, example: Value) -> Value {
    json!({"name": name, "in": "header", "required": false, "description": description,
           "schema": {"type": kind}, "example": example})
}

fn success_headers(status: &str, method: &str, secured: bool) -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    let mut headers = Map::new();
    if method != "post" || status == "201" {
        headers.insert(
            "ETag".to_owned(),
            text("The version, for If-Match and If-None-Match"),
        );
    }
    if status == "201" {
        headers.insert("Location".to_owned(), text("Where it is"));
    }
    if secured {
        headers.insert(
            "RateLimit".to_owned(),
            text("What a partner has left of its quotas"),
        );
        headers.insert("RateLimit-Policy".to_owned(), text("A partner's quotas"));
    }
    headers.insert(
        "X-Request-Id".to_owned(),
        text("To be named when asking for help"),
    );
    Value::Object(headers)
}

/// The scopes that operations declare.
pub fn declared_scopes(document: &Document) -> BTreeSet<String> {
    document
        .operations()
        .filter_map(|operation| operation.scope().map(str::to_owned))
        .collect()
}
