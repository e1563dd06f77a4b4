//! Forged and foreign tokens: none is accepted, and none causes a server error.

use crate::support::{KEY, TestApp, on_both};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use musubi::auth::{Claims, UserRole, rotate};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

fn status(app: &TestApp, token: &str) -> u16 {
    app.call("GET", "/v1/users", token, &Value::Null).status
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The parts of a token: header, payload, signature.
fn parts(token: &str) -> [String; 3] {
    token
        .split('.')
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

fn read(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

on_both! {
    rejects_forged_tokens,
}

fn rejects_forged_tokens(app: &TestApp) {
    let [header, payload, signature] = parts(&app.admin);
    assert_eq!(status(app, &app.admin), 200);
    let with = |change: Value| {
        let mut claims = read(&payload);
        json_patch::merge(&mut claims, &change);
        claims
    };
    let headed = |change: Value| {
        let mut header = read(&header);
        json_patch::merge(&mut header, &change);
        header
    };
    let signed = |claims: &Claims| app.state.keys.sign(claims).unwrap();
    let of = |change: fn(&mut Claims)| {
        let mut claims = Claims::new(UserRole::Admin, "x", now(), 3600);
        change(&mut claims);
        signed(&claims)
    };
    let public = app
        .send("GET", "/.well-known/jwks.json", &[], b"")
        .expect(200)
        .json();
    let x = public["keys"][0]["x"].as_str().unwrap().to_owned();
    let hmac = |secret: &[u8]| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(read(&header_of(&app.admin))["kid"].as_str().unwrap().to_owned());
        jsonwebtoken::encode(
            &header,
            &Claims::new(UserRole::Admin, "x", now(), 3600),
            &EncodingKey::from_secret(secret),
        )
        .unwrap()
    };
    let forged = [
        (
            "unsigned",
            format!("{}.{payload}.", part(&json!({"alg": "none", "typ": "JWT"}))),
        ),
        (
            "unsigned with its key",
            format!("{}.{payload}.{signature}", part(&headed(json!({"alg": "none"})))),
        ),
        (
            "None",
            format!("{}.{payload}.", part(&headed(json!({"alg": "None"})))),
        ),
        ("the public key as a secret", hmac(x.as_bytes())),
        (
            "the public key's bytes as a secret",
            hmac(&URL_SAFE_NO_PAD.decode(&x).unwrap()),
        ),
        ("the server's own secret", hmac(KEY.as_bytes())),
        (
            "another algorithm named",
            format!("{}.{payload}.{signature}", part(&headed(json!({"alg": "RS256"})))),
        ),
        (
            "expired",
            of(|c| (c.iat, c.nbf, c.exp) = (c.iat - 7200, c.nbf - 7200, c.exp - 7200)),
        ),
        ("not yet valid", of(|c| c.nbf += 1800)),
        ("another issuer", of(|c| c.iss = "https://id.example.jp".into())),
        ("another audience", of(|c| c.aud = "else".into())),
        (
            "no key named",
            format!("{}.{payload}.{signature}", part(&headed(json!({"kid": null})))),
        ),
        (
            "another key named",
            format!("{}.{payload}.{signature}", part(&headed(json!({"kid": "x"})))),
        ),
        (
            "a key in the token",
            format!(
                "{}.{payload}.{signature}",
                part(&headed(
                    json!({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}, "kid": "x"})
                ))
            ),
        ),
        (
            "more scopes",
            format!(
                "{header}.{}.{signature}",
                part(&with(json!({"role": "admin", "scope": null, "sub": "else"})))
            ),
        ),
        (
            "a later expiry",
            format!(
                "{header}.{}.{signature}",
                part(&with(json!({"exp": now() + 999_999})))
            ),
        ),
        ("an unknown session", of(|c| c.sid = Some(musubi::db::Id::new()))),
        (
            "an unknown partner",
            of(|c| (c.role, c.sub) = (UserRole::Partner, musubi::db::Id::new().to_string())),
        ),
        ("a partner without an id", of(|c| c.role = UserRole::Partner)),
        (
            "a member without an organization",
            of(|c| c.role = UserRole::Organization),
        ),
        ("a worker without a profile", of(|c| c.role = UserRole::Worker)),
        ("four parts", format!("{}.x", app.admin)),
        ("two parts", format!("{header}.{payload}")),
        ("nothing", String::new()),
    ];
    for (name, token) in forged {
        assert_eq!(status(app, &token), 401, "{name}: {token}");
    }
    for scheme in ["Basic", "bearer", "Bearer  ", "Token"] {
        let header = format!("{scheme} {}", app.admin);
        let status = app
            .send("GET", "/v1/users", &[("authorization", &header)], b"")
            .status;
        assert_eq!(
            status,
            if scheme.trim().eq_ignore_ascii_case("bearer") {
                200
            } else {
                401
            },
            "{scheme}"
        );
    }
}

fn header_of(token: &str) -> String {
    parts(token)[0].clone()
}

/// Only a mutated token that decodes to the same bytes may pass.
#[test]
fn rejects_ten_thousand_mutated_tokens() {
    let app = TestApp::sqlite();
    let original = app.admin.clone();
    let same = |token: &str| {
        let decode = |token: &str| -> Option<Vec<Vec<u8>>> {
            token
                .split('.')
                .map(|part| URL_SAFE_NO_PAD.decode(part).ok())
                .collect()
        };
        decode(token) == decode(&original)
    };
    let alphabet: Vec<char> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ~"
        .chars()
        .collect();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut tried = 0;
    for round in 0..10_000 {
        let mut token: Vec<char> = original.chars().collect();
        for _ in 0..=below(3) {
            let at = below(token.len());
            match below(4) {
                0 => token[at] = alphabet[below(alphabet.len())],
                1 => drop(token.remove(at)),
                2 => token.insert(at, alphabet[below(alphabet.len())]),
                _ => {
                    let other = below(token.len());
                    token.swap(at, other);
                }
            }
        }
        let token: String = token.into_iter().collect();
        if same(&token) {
            continue;
        }
        tried += 1;
        // The verifier checks all of them, and the server every hundredth over HTTP.
        assert!(app.state.keys.verify(&token).is_err(), "{token}");
        if round % 100 == 0 && token.trim() == token {
            assert_eq!(status(&app, &token), 401, "{token}");
        }
    }
    assert!(tried > 9_000, "{tried}");
}

#[test]
fn others_can_verify_tokens_and_a_rotation_applies_immediately() {
    let folder = tempfile::TempDir::new().unwrap();
    let keys = musubi::auth::Keys::open(None, folder.path()).unwrap();
    let sign = || {
        keys.sign(&Claims::new(UserRole::Auditor, "x", now(), 60))
            .unwrap()
    };
    let old = sign();
    let kid = rotate(folder.path(), false).unwrap();
    let public = keys.public().unwrap();
    assert_eq!((public.len(), &public[0].0), (2, &kid));
    for token in [old, sign()] {
        let named = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
        let (_, x) = public.iter().find(|(kid, _)| *kid == named).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["musubi"]);
        let key = DecodingKey::from_ed_components(x).unwrap();
        assert!(jsonwebtoken::decode::<Claims>(&token, &key, &validation).is_ok());
    }
}

/// An identity provider with two paths, which counts the requests for its discovery document.
struct Provider {
    url: String,
    keys: Arc<Mutex<Value>>,
    requests: Arc<Mutex<u32>>,
}

impl Provider {
    fn start() -> Provider {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (keys, requests) = (Arc::new(Mutex::new(json!({"keys": []}))), Arc::new(Mutex::new(0)));
        let (own, served, counted) = (url.clone(), Arc::clone(&keys), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap();
                let is_discovery =
                    String::from_utf8_lossy(&request[..length]).contains("openid-configuration");
                let body = if is_discovery {
                    *counted.lock().unwrap() += 1;
                    json!({"issuer": own, "jwks_uri": format!("{own}/keys")})
                } else {
                    served.lock().unwrap().clone()
                };
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all((head + &body).as_bytes()).unwrap();
            }
        });
        Provider { url, keys, requests }
    }

    /// Publishes an Ed25519 key and returns its private key.
    fn publish(&self, kid: &str, seed: u8) -> EncodingKey {
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ];
        der.extend([seed; 32]);
        let key = EncodingKey::from_ed_der(&der);
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(kid);
        self.keys.lock().unwrap()["keys"]
            .as_array_mut()
            .unwrap()
            .push(jwk);
        key
    }

    fn token(&self, key: &EncodingKey, kid: &str, change: Value) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid.to_owned());
        let mut claims = json!({"iss": self.url, "aud": "musubi-api", "sub": "suzuki@example.jp",
            "iat": now(), "exp": now() + 300, "realm_access": {"roles": ["ward-staff"]}, "areas": ["131041"]});
        json_patch::merge(&mut claims, &change);
        jsonwebtoken::encode(&header, &claims, key).unwrap()
    }
}

on_both! {
    accepts_tokens_of_the_identity_provider_according_to_their_claims,
}

fn accepts_tokens_of_the_identity_provider_according_to_their_claims(app: &TestApp) {
    let provider = Provider::start();
    let key = provider.publish("k1", 7);
    let server = app.another_with(&[
        "--oidc-issuer",
        &provider.url,
        "--oidc-audience",
        "musubi-api",
        "--oidc-roles-claim",
        "realm_access.roles",
        "--oidc-roles",
        "ward-staff=coordinator",
    ]);
    let me = |token: &str| server.call("GET", "/v1/auth/me", token, &Value::Null);
    let token = |change: Value| provider.token(&key, "k1", change);
    let user = me(&token(json!({}))).expect(200).json();
    assert_eq!(user["role"], "coordinator");
    assert!(user["subject"].as_str().unwrap().starts_with("oidc-") && !user.to_string().contains("suzuki"));
    let here = server.call(
        "POST",
        "/v1/organizations",
        &token(json!({})),
        &json!({"name": "こちら", "area": "131041"}),
    );
    here.expect(201);
    server
        .call(
            "POST",
            "/v1/organizations",
            &token(json!({})),
            &json!({"name": "あちら", "area": "131130"}),
        )
        .expect(403);
    for (name, wrong) in [
        ("expired", json!({"exp": now() - 60})),
        ("not yet", json!({"nbf": now() + 600})),
        ("another audience", json!({"aud": "else"})),
        ("no role of ours", json!({"realm_access": {"roles": ["guest"]}})),
        ("a partner", json!({"realm_access": {"roles": ["partner"]}})),
        ("no subject", json!({"sub": null})),
        ("no expiry", json!({"exp": null})),
    ] {
        assert_eq!(me(&token(wrong)).status, 401, "{name}");
    }
    let other = EncodingKey::from_ed_der(
        &[
            &[
                0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
                0x20,
            ][..],
            &[9; 32],
        ]
        .concat(),
    );
    me(&provider.token(&other, "k1", json!({}))).expect(401);
    // Our keys can't sign tokens of the provider, and its keys can't sign ours.
    let mut claims = Claims::new(UserRole::Admin, "x", now(), 300);
    claims.iss = provider.url.clone();
    me(&app.state.keys.sign(&claims).unwrap()).expect(401);
    me(&token(
        json!({"iss": "musubi", "aud": "musubi", "role": "admin", "nbf": 0}),
    ))
    .expect(401);
    me(&server.admin).expect(200);
    // Keys are fetched at most once a minute, however many tokens name unknown ones.
    let before = *provider.requests.lock().unwrap();
    for i in 0..5 {
        me(&provider.token(&key, &format!("unknown-{i}"), json!({}))).expect(401);
    }
    assert_eq!((before, *provider.requests.lock().unwrap()), (1, 1));
    // A server that starts later fetches the newer key.
    let next = provider.publish("k2", 8);
    let later = app.another_with(&[
        "--oidc-issuer",
        &provider.url,
        "--oidc-audience",
        "musubi-api",
        "--oidc-roles-claim",
        "realm_access.roles",
        "--oidc-roles",
        "ward-staff=coordinator",
    ]);
    for (key, kid) in [(&key, "k1"), (&next, "k2")] {
        later
            .call(
                "GET",
                "/v1/auth/me",
                &provider.token(key, kid, json!({})),
                &Value::Null,
            )
            .expect(200);
    }
    assert_eq!(
        app.call("GET", "/v1/auth/me", &token(json!({})), &Value::Null)
            .status,
        401,
        "a server without a provider"
    );
}
