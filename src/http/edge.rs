//! What every request passes on its way in, and every answer on its way out, in this order. One middleware, so that a
//! request pays for one.

use super::{compress, conditional, cors, problem, security, stream, trace};
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};

/// Marks a request whose sender doesn't get the body.
struct HeadOnly;

/// Returns whether the sender gets the body. HEAD only asks what it would be.
pub fn is_read(request: &HttpRequest) -> bool {
    request.extensions().get::<HeadOnly>().is_none()
}

pub async fn edge(mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let trace = trace::begin(&request);
    // HEAD is answered as GET; the protocol's encoder leaves the body out.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadOnly);
    }
    let answer = match cors::preflight(&request) {
        Some(answer) => request.into_response(answer),
        None if compress::is_encoded(&request) => {
            request.error_response(crate::error::Error::UnsupportedEncoding)
        }
        // Only a middleware can fail, and no middleware returns its own errors: they would leave from here as they are.
        None => next.call(request).await?,
    };
    let answer = conditional::finish(problem::describe(answer));
    let answer = stream::in_pieces(compress::compress(answer).await);
    let mut answer = problem::describe(answer);
    security::set_headers(&mut answer);
    cors::set_headers(&mut answer);
    trace.end(&mut answer);
    Ok(answer)
}
