//! The OpenAPI document, built from the handlers.
//!
//! Handlers describe what is specific to them. Added here: the errors of each kind of operation, the headers for
//! conditional and repeated requests, and the problem document as the body of every error. Views that embed another
//! type (`allOf`) become one flat object whose members are all required, because answers never leave a member out.

use super::{examples, personal, routes};
use crate::applications::similar;
use crate::auth::properties::PROPERTIES;
use crate::auth::{self, PERMISSIONS, RecordKind, UserRole};
use crate::http::problem::{Problem, ProblemField};
use actix_web::App;
use actix_web::web::Bytes;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, LazyLock};
use utoipa::openapi::security::{
    ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityScheme,
};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Musubi",
        description = "Matches pro bono workers with the deliverables that community organizations ask for.\n\n\
            **Errors** are RFC 9457 problem documents with a stable `code`. Their texts are in Japanese or English, \
            by Accept-Language. Unknown fields and parameters are errors. **Lists** are paged: pass `next` as \
            `cursor` to get the next page. Those of records take `ids`, to get up to 200 of them at once, and `count`, for \
            the size of the whole list; some take `include`, for records that the items name. **Updates** are JSON Merge Patches (RFC 7396); send `If-Match` so that \
            you don't overwrite a change that you haven't seen. **POSTs** with an `Idempotency-Key` can be repeated \
            safely: the same key returns the first successful answer. Errors are not stored. If the record was deleted \
            since, or a contact in it changed, the key is used up (410 `idempotency_key_used_up`).",
        contact(name = "The Musubi contributors", url = "https://example.org/musubi"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "Catalogue", description = "Deliverable types, skills, roles, themes, families, formats and areas"),
        (name = "Organizations", description = "Community organizations (団体)"),
        (name = "Deliverables", description = "What organizations ask for (支援内容)"),
        (name = "Workers", description = "Pro bono workers (プロボノワーカー)"),
        (name = "Duplicates", description = "Records that may be of the same person or organization"),
        (name = "Applications", description = "Applications of workers for a deliverable (応募)"),
        (name = "Projects", description = "The work of teams, from the kick-off to the hand-over, and what follows it"),
        (name = "Programmes", description = "A fiscal year's schemes, with their calendars (プログラム)"),
        (name = "Events", description = "Gatherings of any kind, and who comes to them (イベント)"),
        (name = "Publishing", description = "What everybody reads: cards of projects, news, newsletters, playbooks and textbooks (公開情報)"),
        (name = "Matches", description = "Rankings of workers and deliverables, with explanations"),
        (name = "Rounds", description = "The best team for a deliverable, and people for many deliverables at once (割り当て)"),
        (name = "Tasks", description = "What waits for you"),
        (name = "Changes", description = "What has changed, to follow it"),
        (name = "Statistics", description = "Aggregate counts"),
        (name = "Reports", description = "Everything of fiscal years as tables, to read, to print and to send on"),
        (name = "Webhooks", description = "Messages about changes to an address of yours, signed"),
        (name = "Feeds", description = "Secret addresses for calendar programs and feed readers"),
        (name = "Exports", description = "Lists as downloadable files"),
        (name = "Open data", description = "Public datasets"),
        (name = "Listings", description = "Published events for everybody, without a token"),
        (name = "Imports", description = "Imports of files, with a report for every row"),
        (name = "Authentication", description = "Logging in, and your sessions"),
        (name = "Partners", description = "Partner apps that bring volunteers"),
        (name = "Audit", description = "The log of access to personal data and of decisions"),
        (name = "Users", description = "The people who log in"),
        (name = "Health", description = "Health of the server, for its operators")
    ),
    components(schemas(Problem, ProblemField, similar::SimilarDeliverable)),
    modifiers(&SecuritySchemes)
)]
struct Base;

/// The name of the scheme with which partner apps get their tokens.
const CLIENT_CREDENTIALS: &str = "client_credentials";

/// How callers get tokens.
struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "An access token from `POST /v1/auth/login` or from `musubi token`. Each operation lists the scope that it \
                requires.",
            ));
        let of_partners = PERMISSIONS
            .iter()
            .filter(|row| auth::extent(UserRole::Partner, row.scope).is_some());
        let scopes = of_partners.map(|row| (row.scope, row.permits));
        let flow = Flow::ClientCredentials(ClientCredentials::new(
            "/v1/oauth/token",
            Scopes::from_iter(scopes),
        ));
        let description = "How partner apps get an access token (RFC 6749, section 4.4).";
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme(
            CLIENT_CREDENTIALS,
            SecurityScheme::OAuth2(OAuth2::with_description([flow], description)),
        );
    }
}

/// The finished document.
pub struct Document {
    value: Value,
    /// Shared by all who read it, however slowly.
    text: Bytes,
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

    /// Returns the scope that the operation requires; none if it needs no token.
    pub fn scope(&self) -> Option<&str> {
        self.object
            .get("security")?
            .get(0)?
            .get("bearer")?
            .get(0)?
            .as_str()
    }
}

impl Document {
    /// Returns the document. It depends on the code alone, so it is made once however many servers a process starts.
    pub fn shared() -> Arc<Document> {
        static DOCUMENT: LazyLock<Arc<Document>> = LazyLock::new(|| Arc::new(Document::new()));
        DOCUMENT.clone()
    }

    fn new() -> Document {
        let (_, openapi) = App::new()
            .into_utoipa_app()
            .openapi(Base::openapi())
            .configure(routes::routes)
            .split_for_parts();
        let mut value = serde_json::to_value(openapi).unwrap_or_default();
        personal::mark_properties(&mut value);
        let schemas = value
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        add_extensions(&mut value);
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
        // The parameter `file_of` names a file that is here already.
        if let Some(body) = value.pointer_mut("/paths/~1v1~1imports/post/requestBody") {
            body["required"] = json!(false);
        }
        clear_forms(&mut value, &schemas);
        name_codes(&mut value);
        prune(&mut value);
        name_writers(&mut value);
        examples::add(&mut value);
        if let Some(Value::String(description)) = value.pointer_mut("/info/description") {
            *description += &permissions();
        }
        let text = serde_json::to_string_pretty(&value).unwrap_or_default() + "\n";
        Document {
            value,
            text: text.into(),
        }
    }

    /// The document as it is served and committed.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Returns the text without copying it.
    pub fn bytes(&self) -> Bytes {
        self.text.clone()
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

/// Returns the table of permissions in Markdown.
fn permissions() -> String {
    format!(
        "\n\n## Permissions\n\nEvery operation requires a scope. *all* covers every record. *own* covers the records \
         within your reach: for coordinators the records of their areas, for members their organization, for workers \
         their profile and open deliverables, for partners their volunteers and the deliverables shared with partners. \
         Records outside your reach return 404.\n\n{}\nSome properties may be written by fewer roles than the record: \
         `x-not-writable-by` names the others. Such a property has to keep its value, or its default in a new record; \
         anything else returns 422 `not_permitted` with its pointer.",
        auth::table()
    )
}

/// Names, at each property of a request body, the roles that write such records but not this property.
fn name_writers(value: &mut Value) {
    for property in PROPERTIES {
        let roles: Vec<&str> = property.refused().map(UserRole::code).collect();
        let name = match property.record {
            RecordKind::Organizations => "NewOrganization",
            RecordKind::Deliverables => "NewDeliverable",
            RecordKind::Workers => "NewWorker",
            RecordKind::Applications => "NewApplication",
            RecordKind::Projects => "NewProject",
            RecordKind::Users => "NewUser",
            RecordKind::Partners => "NewPartner",
            RecordKind::Events => "NewEvent",
            RecordKind::Registrations => "NewRegistration",
            RecordKind::Cards => "NewCard",
            RecordKind::Posts => "NewPost",
            RecordKind::Publications => "NewPublication",
        };
        if !roles.is_empty() {
            let path = format!("/components/schemas/{name}/properties{}", property.pointer);
            if let Some(schema) = value.pointer_mut(&path).and_then(Value::as_object_mut) {
                schema.insert("x-not-writable-by".to_owned(), json!(roles));
            }
        }
    }
}

/// Adds the members that only some problem documents have.
fn add_extensions(value: &mut Value) {
    if let Some(members) = value.pointer_mut("/components/schemas/Problem/properties") {
        members[similar::MEMBER] = json!({
            "type": ["array", "null"],
            "items": {"$ref": "#/components/schemas/SimilarDeliverable"},
            "description": "Open deliverables to apply for instead. Only errors of an application have this member."
        });
    }
}

/// Refers to the items of a page by name instead of inlining them.
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

/// Turns every `allOf` into one object whose members are all required.
fn flatten(value: &mut Value, schemas: &Map<String, Value>) {
    if value.get("allOf").is_some() {
        *value = flat(value, schemas);
    }
    // An object without named members may have any.
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

/// Returns the parameters of every operation.
fn parameters(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = value.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(|paths| paths.values_mut());
    let operations = items
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.values_mut());
    let lists = operations.filter_map(|operation| operation.get_mut("parameters")?.as_array_mut());
    lists.flatten()
}

/// Moves the examples of optional parameters into their descriptions: tools fill forms with examples, and a form should
/// begin without filters and conditions.
fn clear_forms(value: &mut Value, schemas: &Map<String, Value>) {
    let optional = parameters(value).filter(|parameter| parameter.get("required") != Some(&json!(true)));
    for parameter in optional.filter_map(Value::as_object_mut) {
        if let Some(schema) = parameter.get_mut("schema") {
            let name = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| path.rsplit('/').next());
            if let Some(named) = name.and_then(|name| schemas.get(name)) {
                *schema = named.clone();
            }
        }
        let schema = parameter.get_mut("schema").and_then(Value::as_object_mut);
        let of_schema = schema.and_then(|schema| {
            let (one, several) = (schema.remove("example"), schema.remove("examples"));
            one.or_else(|| several?.get(0).cloned())
        });
        if let Some(example) = parameter.remove("example").or(of_schema) {
            let example = example
                .as_str()
                .map_or_else(|| example.to_string(), str::to_owned);
            let text = parameter
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let separator = if text.is_empty() || text.ends_with('.') {
                " "
            } else {
                ". "
            };
            let text = format!("{text}{separator}Example: `{example}`");
            parameter.insert("description".to_owned(), json!(text.trim_start()));
        }
    }
}

/// Refers to the codes in parameters by the name of their schema, so that clients have one type for them. A list that two
/// schemas have stays as it is.
fn name_codes(value: &mut Value) {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let schemas = value.pointer("/components/schemas").and_then(Value::as_object);
    for (name, schema) in schemas.into_iter().flatten() {
        if let Some(codes) = schema.get("enum") {
            names.entry(codes.to_string()).or_default().push(name.clone());
        }
    }
    for parameter in parameters(value) {
        for place in ["/schema", "/schema/items"] {
            if let Some(schema) = parameter.pointer_mut(place)
                && let Some(codes) = schema.get("enum")
                && let Some([name]) = names.get(&codes.to_string()).map(Vec::as_slice)
            {
                *schema = json!({"$ref": format!("#/components/schemas/{name}")});
            }
        }
    }
}

/// Removes schemas that nothing refers to.
fn prune(value: &mut Value) {
    loop {
        let mut named = HashSet::new();
        add_references(value, &mut named);
        let Some(schemas) = value
            .pointer_mut("/components/schemas")
            .and_then(Value::as_object_mut)
        else {
            return;
        };
        let before = schemas.len();
        schemas.retain(|name, _| named.contains(name));
        if schemas.len() == before {
            return;
        }
    }
}

/// Adds the names of the schemas that are referred to.
fn add_references(value: &Value, named: &mut HashSet<String>) {
    match value {
        Value::String(text) => named.extend(text.strip_prefix("#/components/schemas/").map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| add_references(item, named)),
        Value::Object(members) => members.values().for_each(|member| add_references(member, named)),
        _ => {}
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

/// POSTs about a version of a record that exists.
const CONDITIONAL_POSTS: [&str; 3] = ["publish_round", "create_decision", "answer_follow_up"];
/// Operations that change a record whatever its version is.
const UNCONDITIONAL: [&str; 1] = ["revoke_feed"];

/// Adds the errors and headers that follow from the kind of operation.
fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let secured = operation.contains_key("security");
    let is_open = operation
        .get("security")
        .and_then(Value::as_array)
        .is_none_or(|alternatives| alternatives.contains(&json!({})));
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
    // Answers that are secrets are not stored.
    let is_authentication = is_tagged("Authentication");
    // A repeated upload is recognised by its content, and repeating a step of an import has no effect.
    let needs_no_key = is_authentication || is_tagged("Imports") || is_tagged("Exports");
    // Only the answers of requests that wrote something are stored.
    let creates = operation
        .get("responses")
        .is_some_and(|responses| responses.get("201").is_some())
        || path.ends_with(":batch");
    let id = operation
        .get("operationId")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if let Some(responses) = operation.get_mut("responses") {
        personal::mark_files(&id, responses);
    }
    match operation.get_mut("security").and_then(Value::as_array_mut) {
        // Public on purpose.
        None => drop(operation.insert("security".to_owned(), json!([]))),
        Some(alternatives) => {
            let scope = alternatives
                .first()
                .and_then(|first| first.pointer("/bearer/0"))
                .cloned();
            let scope = scope.filter(|scope| {
                auth::extent(UserRole::Partner, scope.as_str().unwrap_or_default()).is_some()
            });
            alternatives.extend(scope.map(|scope| json!({CLIENT_CREDENTIALS: [scope]})));
        }
    }

    let mut errors: Vec<(u16, &str)> = vec![(500, "The server failed")];
    let mut headers: Vec<Value> = Vec::new();
    if !is_health {
        errors.push((
            503,
            "The database is not available. `code` says why. Try again after the seconds in Retry-After",
        ));
        headers.push(header(
            "Accept-Language",
            "`ja` (default) or `en`",
            "string",
            json!("ja"),
        ));
    }
    if has_parameters || has_body || in_path || method == "post" || method == "delete" {
        errors.push((400, "A parameter is invalid, or the body is not JSON"));
    }
    if !is_health && method != "get" {
        errors.push((
            507,
            "The server's storage is full. Try again after the seconds in Retry-After",
        ));
    }
    // Those without a token are counted by their address.
    if method == "get" && is_open && !is_health && !is_authentication {
        errors.push((
            429,
            "Your address reads too often without a token. Try again after the seconds in Retry-After",
        ));
    }
    if secured {
        errors.push((401, "The token is missing or not valid"));
        errors.push((
            403,
            "The token lacks the operation's scope, or you don't have access to this record",
        ));
        errors.push((
            429,
            "A partner's quota is used up. Try again after the seconds in Retry-After",
        ));
    }
    // A PUT that creates finds its record missing, and makes it.
    if in_path && !(creates && method == "put") {
        errors.push((404, "The record does not exist, or you don't have access to it"));
    }
    if has_parameters && !has_body && !is_health {
        errors.push((422, "A parameter refers to something that does not exist"));
    }
    if has_body {
        errors.push((413, "The body is larger than 1 MiB"));
        errors.push((415, "The media type of the body is not supported"));
        errors.push((422, "Values in the body are invalid"));
    }
    let has_condition = match method {
        "post" => CONDITIONAL_POSTS.contains(&id.as_str()),
        "delete" if needs_no_key && id != "remove_import_mapping" => false,
        "put" | "patch" | "delete" => !UNCONDITIONAL.contains(&id.as_str()),
        _ => false,
    };
    if has_condition {
        errors.push((412, "If-Match doesn't have the current version"));
        let mut tag = header(
            "If-Match",
            "The ETag of the version that you intend to change",
            "string",
            json!("\"3\""),
        );
        if let Some(schema) = tag.get_mut("schema") {
            *schema = json!({"type": "string", "pattern": r#"^(\*|(W/)?"[0-9]{1,18}(\.[0-9a-f]{16})?")$"#});
        }
        headers.push(tag);
    }
    match method {
        "get" => {
            headers.push(header(
                "If-None-Match",
                "The ETag of the version that you have. Returns 304 if it is still current",
                "string",
                json!("\"3\""),
            ));
        }
        "post" if creates && !needs_no_key => {
            errors.push((409, "A request with this Idempotency-Key is running"));
            errors.push((
                410,
                "What was made with this Idempotency-Key was changed or deleted since",
            ));
            let mut key = header(
                "Idempotency-Key",
                "Makes it safe to repeat the request: for a day, the same key returns the first successful answer",
                "string",
                json!("7d0c4f6e-signup-1"),
            );
            if let Some(schema) = key.get_mut("schema") {
                *schema = json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"});
            }
            headers.push(key);
        }
        _ => {}
    }
    if let Some(parameters) = operation.entry("parameters").or_insert(json!([])).as_array_mut() {
        // A header is there or not; it can't be null.
        for parameter in parameters.iter_mut().filter(|one| one["in"] == "header") {
            if let Some(kind) = parameter
                .pointer_mut("/schema/type")
                .filter(|kind| kind.is_array())
            {
                *kind = json!("string");
            }
        }
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
        responses.insert("304".to_owned(), json!({"description": "Not modified"}));
    }
    for (status, response) in responses.iter_mut() {
        let Some(response) = response.as_object_mut() else {
            continue;
        };
        match status.as_bytes().first() {
            Some(b'4' | b'5') => {
                // Handlers of another standard describe their own body.
                let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
                response
                    .entry("content")
                    .or_insert(json!({"application/problem+json": problem}));
                if ["429", "503", "507"].contains(&status.as_str()) {
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
        headers.insert("Location".to_owned(), text("The path of the new record"));
    }
    if secured {
        headers.insert("RateLimit".to_owned(), text("What is left of a partner's quotas"));
        headers.insert("RateLimit-Policy".to_owned(), text("A partner's quotas"));
    }
    if secured && method == "get" {
        let position =
            "The position from which to follow changes, from before anything was read. Needs `changes:read`";
        headers.insert("Musubi-Position".to_owned(), text(position));
    }
    headers.insert("X-Request-Id".to_owned(), text("Give this when you ask for help"));
    Value::Object(headers)
}

/// Returns the scopes that operations require.
pub fn declared_scopes(document: &Document) -> BTreeSet<String> {
    document
        .operations()
        .filter_map(|operation| operation.scope().map(str::to_owned))
        .collect()
}
