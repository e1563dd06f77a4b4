//! How an app gets its access token: the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4).
//!
//! Requests are forms, and responses are JSON with the standard's errors. They don't have the members of our
//! problem documents (`code`, `detail`, `request_id`), because client libraries expect exactly the standard's
//! format.

use crate::db::Id;
use crate::values::words::TokenErrorCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A request for a token. Send the client's id and secret here or as `Authorization: Basic`, but not both.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"grant_type": "client_credentials", "client_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d",
    "client_secret": "mcs_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"}))]
pub struct TokenRequest {
    /// Always `client_credentials`.
    #[schema(value_type = String, required = true, pattern = "^client_credentials$")]
    pub grant_type: Option<String>,
    /// The partner's id.
    #[schema(value_type = String, required = false, format = "uuid")]
    pub client_id: Option<String>,
    #[schema(value_type = String, required = false, max_length = 200)]
    pub client_secret: Option<String>,
    /// Limits the token to these of the partner's scopes, separated by spaces.
    #[schema(value_type = String, required = false, max_length = 1000, example = "deliverables:read workers:write")]
    pub scope: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenResponse {
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.e30.c2ln")]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 0, example = 900)]
    pub expires_in: i64,
    /// The scopes of the token, separated by spaces.
    #[schema(example = "deliverables:read workers:write")]
    pub scope: String,
}

/// An error of RFC 6749, section 5.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenError {
    #[schema(example = "invalid_client", value_type = TokenErrorCode)]
    pub error: &'static str,
    #[schema(example = "The client id or secret is wrong.")]
    pub error_description: &'static str,
}

impl TokenError {
    pub const INVALID_CLIENT: TokenError = TokenError {
        error: "invalid_client",
        error_description: "The client id or secret is wrong.",
    };
    pub const INVALID_SCOPE: TokenError = TokenError {
        error: "invalid_scope",
        error_description: "The client doesn't have a requested scope.",
    };

    fn invalid_request(error_description: &'static str) -> TokenError {
        TokenError {
            error: "invalid_request",
            error_description,
        }
    }

    pub fn status(&self) -> u16 {
        if self.error == "invalid_client" { 401 } else { 400 }
    }
}

/// The credentials and the requested scopes of a token request.
#[derive(Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `None` if the client id is not a UUID.
    pub client: Option<Id>,
    pub secret: String,
    pub scope: Option<String>,
}

/// Reads the credentials from a form and an `Authorization` header.
pub fn credentials(form: &[u8], authorization: Option<&str>) -> Result<Credentials, TokenError> {
    let mut request = TokenRequest::default();
    for (name, value) in form_urlencoded::parse(form) {
        let member = match name.as_ref() {
            "grant_type" => &mut request.grant_type,
            "client_id" => &mut request.client_id,
            "client_secret" => &mut request.client_secret,
            "scope" => &mut request.scope,
            // Unknown parameters are ignored (section 3.2).
            _ => continue,
        };
        if member.replace(value.into_owned()).is_some() {
            return Err(TokenError::invalid_request("A parameter occurs twice."));
        }
    }
    match request.grant_type.as_deref() {
        Some("client_credentials") => {}
        Some(_) => {
            return Err(TokenError {
                error: "unsupported_grant_type",
                error_description: "Use the grant type client_credentials.",
            });
        }
        None => return Err(TokenError::invalid_request("grant_type is missing.")),
    }
    let is_basic = |header: &&str| {
        header
            .split(' ')
            .next()
            .is_some_and(|s| s.eq_ignore_ascii_case("basic"))
    };
    let (id, secret) = match (
        authorization.filter(is_basic),
        request.client_id,
        request.client_secret,
    ) {
        (Some(header), None, None) => basic(header).ok_or(TokenError::INVALID_CLIENT)?,
        (Some(header), Some(id), None) => {
            let (basic_id, secret) = basic(header).ok_or(TokenError::INVALID_CLIENT)?;
            if basic_id != id {
                return Err(TokenError::invalid_request(
                    "The header and the body have different client ids.",
                ));
            }
            (id, secret)
        }
        (Some(_), _, Some(_)) => {
            return Err(TokenError::invalid_request(
                "Send the client secret in the header or in the body, not in both.",
            ));
        }
        (None, Some(id), Some(secret)) => (id, secret),
        (None, ..) => return Err(TokenError::INVALID_CLIENT),
    };
    Ok(Credentials {
        client: Uuid::try_parse(&id).ok().map(Id),
        secret,
        scope: request.scope.filter(|scope| !scope.trim().is_empty()),
    })
}

/// Reads id and secret from `Basic …`. Each is form-encoded (section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let part = |text: &str| {
        let pair = format!("v={text}");
        form_urlencoded::parse(pair.as_bytes())
            .next()
            .map(|(_, v)| v.into_owned())
    };
    Some((part(id)?, part(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";

    fn error(form: &str, header: Option<&str>) -> &'static str {
        credentials(form.as_bytes(), header).unwrap_err().error
    }

    #[test]
    fn reads_credentials_from_the_body_or_the_header() {
        let body = format!(
            "grant_type=client_credentials&client_id={ID}&client_secret=mcs_a%2Bb&scope=deliverables%3Aread"
        );
        let in_body = credentials(body.as_bytes(), None).unwrap();
        assert_eq!(
            (in_body.secret.as_str(), in_body.scope.as_deref()),
            ("mcs_a+b", Some("deliverables:read"))
        );
        let header = format!("Basic {}", STANDARD.encode(format!("{ID}:mcs_a%2Bb")));
        let in_header = credentials(b"grant_type=client_credentials&scope=", Some(&header)).unwrap();
        assert_eq!(
            (in_header.client, in_header.secret.as_str()),
            (in_body.client, "mcs_a+b")
        );
        assert_eq!(in_header.scope, None);
    }

    #[test]
    fn errors_follow_the_standard() {
        assert_eq!(error("", None), "invalid_request");
        assert_eq!(error("grant_type=password", None), "unsupported_grant_type");
        assert_eq!(error("grant_type=client_credentials", None), "invalid_client");
        assert_eq!(
            error("grant_type=client_credentials", Some("Bearer x")),
            "invalid_client"
        );
        assert_eq!(
            error("grant_type=client_credentials&grant_type=x", None),
            "invalid_request"
        );
        let both = format!("grant_type=client_credentials&client_id={ID}&client_secret=x");
        assert_eq!(error(&both, Some("Basic eDp5")), "invalid_request");
    }
}
